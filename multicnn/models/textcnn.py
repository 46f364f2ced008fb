"""Kim, "Convolutional neural networks for sentence classification", 2014, figure 1 and section 3.1.

convolution   100 filters of each width 3, 4, 5, ReLU
pooling       maximum over time
regularised   dropout 0.5; max-norm 3 on the last layer
output        classes
"""

from multicnn.blocks import Block, chain, concat, conv, dense, drop, global_max_pool


def textcnn(
    classes: int,
    *,
    widths: tuple[int, ...] = (3, 4, 5),
    filters: int = 100,
    dropout: float = 0.5,
    max_norm: float | None = 3.0,
) -> Block:
    """Kim's TextCNN on word vectors (time, channels), or any input; two or more filter widths."""
    branches = (chain(conv(filters, w, padding="valid", activation="relu"), global_max_pool()) for w in widths)
    constraint = None if max_norm is None else ("max_norm", {"max_value": max_norm})
    return chain(concat(*branches), drop(dropout), dense(classes, kernel_constraint=constraint))
