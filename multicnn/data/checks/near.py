"""Groups of near duplicates."""

from __future__ import annotations

import numpy as np


def groups_of(pairs: np.ndarray) -> list[np.ndarray]:
    """Return the connected components of a graph: sorted int64 arrays, in the order of their first members.

    Args:
        pairs: int64, shape (edges, 2), the two members of each edge.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    members, edges = np.unique(pairs, return_inverse=True)
    edges = edges.reshape(-1, 2)
    graph = coo_array((np.ones(len(edges), bool), tuple(edges.T)), shape=(len(members), len(members)))
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    groups = np.split(members[order], np.flatnonzero(np.diff(labels[order])) + 1) if len(members) else []
    return sorted(groups, key=lambda group: group[0])
