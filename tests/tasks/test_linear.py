"""The linear models of few examples."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from multicnn.tasks import linear, linear_fit

MANY = np.arange(24) % 16  # classes of one or two examples each
ALWAYS = np.stack([np.ones(24, int), np.arange(24) % 2], axis=1)  # everything has the first label
X = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: linear.classifier(X, MANY, X, MANY), id="regression"),
        pytest.param(lambda: linear.classifier(sparse.csr_matrix(X), MANY, sparse.csr_matrix(X), MANY), id="machine"),
        pytest.param(lambda: linear.classifier(X, ALWAYS, X, ALWAYS), id="a label that all have"),
        pytest.param(lambda: linear.head(X, MANY), id="head"),
        pytest.param(lambda: linear_fit.fit(X, MANY, 16), id="fit"),
    ],
)
def test_few_examples_are_no_matter_of_a_warning(call):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call()
