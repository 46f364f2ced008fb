"""Networks rebuilt under a rule for ReLU: against walks back that are written out, and against differences of logits."""

import keras
import numpy as np
import pytest

from multicnn.blocks import (
    activation,
    add,
    average_pool,
    chain,
    concat,
    conv,
    dense,
    embed,
    flatten,
    global_average_pool,
    global_max_pool,
    lift,
    max_pool,
    network,
    norm,
    stage,
)
from multicnn.explanations.rebuilt import Rebuilt
from multicnn.explanations.rules import has_relu

RNG = np.random.default_rng(0)


def randomized(net):
    """Give a network weights that make every rule matter: biases, and statistics of norms, too."""
    net.set_weights([RNG.uniform(0.5, 1.5, w.shape) if w.ndim == 1 and i % 2 else RNG.normal(0, 0.5, w.shape)
                     if w.ndim > 1 else RNG.uniform(0.2, 1.0, w.shape) for i, w in enumerate(net.get_weights())])  # fmt: skip
    return net


class Walk:
    """A deconvolution network written out in NumPy: forward with what is to be remembered, and back."""

    def __init__(self, net):
        self.weights = {layer.name: layer.get_weights() for layer in net.layers}

    def conv(self, x, name):
        kernel, *bias = self.weights[name]
        rows, columns = kernel.shape[:2]
        before = (rows - 1) // 2, (columns - 1) // 2
        wide = np.pad(x, [(b, n - 1 - b) for b, n in zip(before, (rows, columns))] + [(0, 0)])
        out = sum(
            wide[i : i + x.shape[0], j : j + x.shape[1]] @ kernel[i, j] for i in range(rows) for j in range(columns)
        )
        return out + (bias[0] if bias else 0)

    def conv_back(self, g, name):
        kernel = self.weights[name][0]
        rows, columns = kernel.shape[:2]
        before = (rows - 1) // 2, (columns - 1) // 2
        out = np.zeros((g.shape[0] + rows - 1, g.shape[1] + columns - 1, kernel.shape[2]))
        for i in range(rows):
            for j in range(columns):
                out[i : i + g.shape[0], j : j + g.shape[1]] += g @ kernel[i, j].T
        return out[before[0] : before[0] + g.shape[0], before[1] : before[1] + g.shape[1]]

    @staticmethod
    def pool(x):
        h, w, c = x.shape
        windows = x.reshape(h // 2, 2, w // 2, 2, c).transpose(0, 2, 4, 1, 3).reshape(h // 2, w // 2, c, 4)
        return windows.max(axis=-1), windows.argmax(axis=-1)

    @staticmethod
    def unpool(g, switches):
        h, w, c = g.shape
        out = (np.eye(4)[switches] * g[..., None]).reshape(h, w, c, 2, 2)
        return out.transpose(0, 3, 1, 4, 2).reshape(2 * h, 2 * w, c)


def relu(x):
    return np.maximum(x, 0)


def test_deconvnet_is_a_walk_back_along_a_chain():
    block = chain(
        conv(4, 3), norm(), activation("relu"), norm("local_response", size=3, alpha=0.5), max_pool(2),
        conv(5, 3, activation="relu"), flatten(), dense(6, activation="relu"), dense(3),
    )  # fmt: skip
    net = randomized(network(block, (8, 8, 2)))
    x = RNG.normal(size=(8, 8, 2)).astype("float32")
    walk = Walk(net)
    names = [layer.name for layer in net.layers if layer.weights]
    first, normed, second, hidden, last = names
    gamma, beta, mean, variance = walk.weights[normed]
    scale = gamma / np.sqrt(variance + 1e-5)
    a = relu(walk.conv(x, first) * scale + beta - mean * scale)
    squares = np.pad(a**2, ((0, 0), (0, 0), (1, 1)))
    divisor = (2 + 0.5 * (squares[..., :-2] + squares[..., 1:-1] + squares[..., 2:])) ** 0.75
    _, switches = walk.pool(a / divisor)
    g = relu(walk.weights[last][0][:, 1])
    g = (walk.weights[hidden][0] @ g).reshape(4, 4, 5)
    g = walk.conv_back(relu(g), second)
    g = relu(walk.unpool(g, switches) / divisor)
    expected = walk.conv_back(g * scale, first)

    found = Rebuilt(net, "deconvnet").run(x[None], lambda logits, _: logits[:, 1]).gradients["input"][0]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(expected).max() > 0.1
    for other in ("gradient", "guided"):
        wrong = Rebuilt(net, other).run(x[None], lambda logits, _: logits[:, 1]).gradients["input"][0]
        assert np.abs(wrong - expected).max() > 0.1


@pytest.mark.parametrize("merge", [add, concat])
def test_deconvnet_is_a_walk_back_along_branches(merge):
    branches = merge(chain(conv(3, 3, activation="relu"), conv(3, 1)), chain())
    block = chain(conv(3, 3), branches, activation("relu"), max_pool(2), global_average_pool(), dense(2))
    net = randomized(network(block, (6, 6, 1)))
    x = RNG.normal(size=(6, 6, 1)).astype("float32")
    walk = Walk(net)
    first, inner, outer, last = [layer.name for layer in net.layers if layer.weights]
    a = walk.conv(x, first)
    main = walk.conv(relu(walk.conv(a, inner)), outer)
    joined = main + a if merge is add else np.concatenate([main, a], axis=-1)
    _, switches = walk.pool(relu(joined))
    g = np.broadcast_to(walk.weights[last][0][:, 0] / 9, (3, 3, joined.shape[-1]))
    g = relu(walk.unpool(g, switches))
    g_main, g_shortcut = (g, g) if merge is add else (g[..., :3], g[..., 3:])
    expected = walk.conv_back(walk.conv_back(relu(walk.conv_back(g_main, outer)), inner) + g_shortcut, first)
    found = Rebuilt(net, "deconvnet").run(x[None], lambda logits, _: logits[:, 0]).gradients["input"][0]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_rules_hold_wherever_a_relu_stands():
    """As an activation of its own, inside a convolution, as a layer, as a function of a Block of one's own."""
    kernel, bias = RNG.normal(size=(3, 2, 4)), RNG.normal(size=4)
    x = RNG.normal(size=(1, 9, 2)).astype("float32")
    kinds = {
        "apart": chain(conv(4, 3), activation("relu")),
        "inside": lift(keras.layers.Conv1D, filters=4, kernel_size=3, padding="same", activation="relu"),
        "layer": chain(conv(4, 3), lift(keras.layers.ReLU)),
        "random": chain(conv(4, 3), activation("random_gradient_relu")),
    }
    for rule in ("guided", "deconvnet"):
        found = {}
        for name, block in kinds.items():
            net = network(block, (9, 2))
            net.set_weights([kernel, bias, *net.get_weights()[2:]])
            rebuilt = Rebuilt(net, rule)
            found[name] = rebuilt.run(x, lambda logits, _: logits * np.float32([1, -1, 1, -1])).gradients["input"]
            np.testing.assert_array_equal(rebuilt.run(x, lambda logits, _: logits).logits, net(x, training=False))
        for name, each in found.items():
            np.testing.assert_allclose(each, found["apart"], atol=1e-6, err_msg=name)
        assert np.abs(found["apart"]).max() > 0.1


def test_has_relu():
    assert has_relu(network(chain(conv(2, 3, activation="relu"), flatten(), dense(2)), (4, 1)))
    assert not has_relu(network(chain(conv(2, 3, activation="tanh"), average_pool(2), flatten(), dense(2)), (4, 1)))
    assert not has_relu(network(chain(conv(2, 3, activation=("leaky_relu", {"negative_slope": 0.1}))), (4, 1)))


def test_taps_stand_behind_stages_and_embeddings():
    """Gradients there are those of differences, the mask of a text goes on, and the network itself does not change."""
    block = chain(embed(9, 4), stage("c", conv(3, 2, activation="tanh")), global_max_pool(), dense(2))
    net = randomized(network(block, (6,)))
    ids = np.array([[3, 4, 2, 0, 0, 0], [5, 6, 7, 8, 2, 1]], np.int32)
    before = [np.array(w) for w in net.get_weights()]
    rebuilt = Rebuilt(net, stages=["c"])
    (site,) = rebuilt.sites
    run = rebuilt.run(ids, lambda logits, _: logits[:, 0])
    np.testing.assert_array_equal(run.logits, net(ids, training=False))
    assert run.values["c"].shape == (2, 6, 3)
    assert not run.gradients[site][0, 3:].any()
    for name in (site, "c"):
        step = np.zeros_like(run.values[name])
        step[:, 1, 0] = 1e-2
        moved = [rebuilt.run(ids, lambda logits, _: logits, {name: sign * step}).logits[:, 0] for sign in (1, -1)]
        np.testing.assert_allclose((moved[0] - moved[1]) / 2e-2, run.gradients[name][:, 1, 0], atol=2e-3)
    for old, new in zip(before, net.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_what_stands_inside_is_projected_too():
    """The objective may be an activation inside: what a filter's strongest place rests on."""
    net = randomized(network(chain(stage("a", conv(2, 3, activation="relu")), flatten(), dense(2)), (7, 1)))
    x = RNG.normal(size=(1, 7, 1)).astype("float32")
    run = Rebuilt(net, "deconvnet", ["a"]).run(x, lambda _, values: values["a"][:, 3, 1])
    kernel = net.layers[1].get_weights()[0]
    expected = np.zeros(7)
    expected[2:5] = kernel[:, 0, 1]
    np.testing.assert_allclose(run.gradients["input"][0, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    "arguments, words", [({"rule": "none"}, "one of .*guided"), ({"stages": ["conv9"]}, "layers of the network")]
)
def test_unknown_names_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Rebuilt(network(dense(2), (3,)), **arguments)
