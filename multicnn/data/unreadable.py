"""The error and the words where none of many examples can be read."""

from __future__ import annotations

from collections.abc import Mapping

from multicnn.data.manifest import Manifest


class NoneReadable(ValueError):
    """No example that is needed can be decoded.

    Attributes:
        manifest: The manifest, with the reason of each as a bad row.
    """

    def __init__(self, manifest: Manifest, reasons: Mapping[int, str], received: str, what: str = "examples"):
        """Make the error.

        Args:
            manifest: The examples.
            reasons: Why a row cannot be read, by the row; of all that were tried.
            received: The argument and its value, such as "data='photos'".
            what: What was tried, such as "training examples".
        """
        self.manifest = manifest.with_bad(dict(reasons))
        self.described = f"there are no {what}"
        for row, reason in [*reasons.items()][:1]:
            first = f"{manifest.table['id'].iloc[row]!r}: {reason}"
            self.described = f"none of the {len(reasons):,} {what} can be read; the first, {first}"
        self.received = received
        super().__init__(f"{self.described}. Received: {received}")

    def listed_in(self, path: object) -> NoneReadable:
        """Return the error with the file that lists them all."""
        self.args = (f"{self.described}; all are listed in {path}. Received: {self.received}",)
        return self
