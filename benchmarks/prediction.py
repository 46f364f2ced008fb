"""Time of predictions from preprocessed arrays, beside `model.predict`, PyTorch and, if installed, ONNX Runtime.

    python benchmarks/prediction.py [--rounds 20] [--networks resnet20 res8 m5 textcnn]

Ours is what a Predictor runs: `inference` of `multicnn.backends`. PyTorch is the eager module of `pytorch_peers.py` in
`torch.inference_mode()`, images and log-mels channels_last; ONNX Runtime runs that module as PyTorch exports it. Each gets
its array in its own memory layout. They alternate batch by batch; printed are medians over all batches.

Measured on 2 cores of an AMD EPYC with AVX-512, TensorFlow 2.21, PyTorch 2.13, ONNX Runtime 1.31, 8 rounds, float32: the
peer's time over ours. The targets are 15 times `model.predict` for one example, and for 256 the speed of PyTorch and 0.7 of
ONNX Runtime's:

                    one example                                    256 examples
               ours   predict  PyTorch  ONNX Runtime       ours   predict  PyTorch  ONNX Runtime
    ResNet-20   4.6 ms   15.0     0.78          0.21     137 ms       1.7     1.36          0.93
    res8        3.7 ms   19.3     0.87          0.50     181 ms       1.6     1.69          1.42
    M5          9.2 ms    8.1     1.29          0.89    1052 ms       1.3     5.38          1.11
    TextCNN     2.2 ms   32.6     0.76          0.37      78 ms       2.0     1.85          1.90

One waveform through M5 is nearly all convolution: ONNX Runtime needs 8.2 ms for it, and `model.predict` 74. Alone, call after
call, ours takes 5.5 ms: 3.6 of them the four convolutions, 0.9 the norms, 0.6 activations and pooling. After a pause of 50 ms
it takes 9.3, after `model.predict` 9.0; each call has some 56 thread switches. ONNX Runtime takes 4.0 if it alternates with
ours only, beside 58 for `model.predict`.
"""

from __future__ import annotations

import argparse
import importlib.util
import io
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from training_step import DIMS, WORDS, cases

from multicnn.backends import engine
from multicnn.blocks import network

BATCHES = {1: 10, 256: 1}  # batch size: batches of each in a round


def main() -> None:
    """Print a line for each network, batch size and peer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--networks", nargs="+", default=["resnet20", "res8", "m5", "textcnn"])
    arguments = parser.parse_args()
    print("network   batch   ours ms  peer                ms  peer/ours")
    for name in arguments.networks:
        case = cases()[name]
        for size, turns in BATCHES.items():
            inputs = case.inputs[np.arange(size) % len(case.inputs)]
            runs = contestants(name, case, inputs)
            for run in runs.values():
                run(), run()
            seconds: dict[str, list[float]] = {peer: [] for peer in runs}
            for turn in range(arguments.rounds * turns):
                for peer in sorted(runs, reverse=turn % 2 == 1):
                    started = time.perf_counter()
                    runs[peer]()
                    seconds[peer].append(time.perf_counter() - started)
            medians = {peer: 1000 * float(np.median(times)) for peer, times in seconds.items()}
            ours = medians.pop("ours")
            for peer, other in medians.items():
                print(f"{name:<10}{size:>5}{ours:>10.2f}  {peer:<14}{other:>8.2f}{other / ours:>11.2f}", flush=True)


def contestants(name: str, case: object, inputs: np.ndarray) -> dict[str, Callable[[], np.ndarray]]:
    """Return each contestant as a function that computes the logits of the inputs."""
    model = network(case.block, case.inputs.shape[1:])
    ours = engine.inference(model)
    runs = {
        "ours": lambda: ours(inputs),
        "model.predict": lambda: model.predict(inputs, batch_size=len(inputs), verbose=0),
    }
    if importlib.util.find_spec("torch"):
        import pytorch_peers

        torch = pytorch_peers.torch
        torch.set_num_threads(os.cpu_count())
        module, tensor = pytorch_peers.make(name, WORDS, DIMS).eval(), pytorch_peers.to_torch(name, inputs)

        def eager() -> np.ndarray:
            with torch.inference_mode():
                return module(tensor).numpy()

        runs["PyTorch"] = eager
        if importlib.util.find_spec("onnxruntime"):
            runs["ONNX Runtime"] = onnx_runtime(torch, module, tensor)
    return runs


def onnx_runtime(torch: object, module: object, inputs: object) -> Callable[[], np.ndarray]:
    """Return the module in ONNX Runtime, exported by PyTorch's older exporter, which needs no further package."""
    import onnxruntime

    file = io.BytesIO()
    torch.onnx.export(module, (inputs.contiguous(),), file, input_names=["x"], dynamo=False)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = os.cpu_count()
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    array = inputs.contiguous().numpy()
    return lambda: session.run(None, {"x": array})[0]


if __name__ == "__main__":
    main()
