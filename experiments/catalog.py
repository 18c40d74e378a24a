"""The runs, as frozen records: a run is a value, and its id is computed from its fields."""

from __future__ import annotations

from dataclasses import replace

from experiments.records import Run, Stopping

__all__ = ["CATALOG", "Run", "Stopping"]

_TISHBY = Run(
    name="tishby",
    about="exp 2: the 12-10-7-5-4-3-1 tanh network of the information-plane papers, one copy",
    data="simple",
    n_samples=1000,
    targets=(-1.0, 1.0),
    widths=(12, 10, 7, 5, 4, 3, 1),
    epochs=1000,
    published="layers 1-3 near (9.97, .80); layer 4 (8.2, .42) -> (7, .79); layer 5 (3.9, .05) -> peak 6.5 -> (4.2, .75); "
    "output (0.5, 0) -> peak 4.5 -> (1.9, .73)",
)

_EXTENDED = replace(
    _TISHBY,
    name="tishby-extended",
    about="exp 2 with copies: mean of single copies, sampled (as published) and mixture, side by side",
    copies=5,
)

_COMPLICATED = replace(
    _EXTENDED,
    name="complicated",
    about="exp 3 as published: labels that depend on the first input alone, for want of an axis in a sum",
    data="complicated",
    epochs=200,
    published="I(T;Y) tops at .97",
)

_MNIST = Run(
    name="mnist",
    about="exp 4 as published: a small convolutional network on MNIST, 2x2 blocks summed in uint8, which wraps",
    data="mnist-pooled",
    n_samples=1000,
    targets=None,
    network="digits-cnn",
    widths=(10, 10),
    epochs=6000,
    copies=3,
    published="layer 1 (9.4-9.95, 3.05-3.3); output 3.1 -> 7.5 / 0.5 -> 2.35",
)

_ORIGINAL = Run(
    name="original",
    about="the original paper's setting: all 4096 patterns, tanh, softmax, cross-entropy, Adam; the figure the field knows",
    data="var-u",
    n_samples=4096,
    targets=None,
    network="tanh-softmax",
    widths=(12, 10, 7, 5, 4, 3, 2),
    epochs=8000,
    batch_size=512,
    epoch="pass",
    optimizer="adam",
    learning_rate=4e-4,
    loss="cross-entropy",
    edges=(-1.0, 1.0, 30),
    n_recorded=400,
    published="output layer, I(X;T) at epochs 0/10/100/400/1500: 1.39/.93/4.21/3.32/2.12",
)

_MNIST_MLP = Run(
    name="mnist-mlp",
    about="all of MNIST, the tanh network of Saxe et al., read on 60,000 training images and 10,000 test images",
    data="mnist",
    n_samples=60_000,
    targets=None,
    network="tanh-softmax",
    widths=(784, 1024, 20, 20, 20, 10),
    epochs=1200,
    batch_size=256,
    optimizer="adam",
    learning_rate=1e-3,
    loss="cross-entropy",
    edges=(-1.0, 1.0, 30),
    n_recorded=20,
)

_RUNS = (
    Run(
        name="warm-up",
        about="exp 1: a 12-5-1 tanh network, one copy, targets 0 and 1",
        data="simple",
        n_samples=1000,
        targets=(0.0, 1.0),
        widths=(12, 5, 1),
        epochs=300,
        published="layer 1 fixed at (9.97, .80), output to (4.2, .60)",
    ),
    _TISHBY,
    _EXTENDED,
    _COMPLICATED,
    replace(
        _COMPLICATED,
        name="complicated-intended",
        about="exp 3 as intended: the sum of products within each sample",
        data="complicated-intended",
        published="",
    ),
    _MNIST,
    replace(
        _MNIST,
        name="mnist-widened",
        about="exp 4 with sums that do not wrap",
        data="mnist-widened",
        published="",
    ),
    replace(
        _MNIST,
        name="digits",
        about="exp 4 on scikit-learn's digits, which need no files",
        data="digits",
        published="",
    ),
    _ORIGINAL,
    replace(
        _ORIGINAL,
        name="original-relu",
        about="the same with ReLU, under bins of width 0.07 that cover its range: what compresses in tanh is saturation",
        network="relu-softmax",
        edges=(0.0, 35.0, 501),
        out_of_range="separate",
        published="",
    ),
    _MNIST_MLP,
    replace(
        _MNIST_MLP,
        name="mnist-mlp-relu",
        about="the same with ReLU, under bins of width 0.5 that cover its range",
        network="relu-softmax",
        edges=(0.0, 50.0, 101),
        out_of_range="separate",
    ),
    replace(
        _MNIST_MLP,
        name="mnist-lenet",
        about="all of MNIST, a convolutional network of LeNet's size",
        network="lenet",
        widths=(120, 84, 10),
    ),
    replace(
        _EXTENDED,
        name="stopping",
        about="when to stop: the information criterion, validation loss and a fixed budget on the network of exp 2",
        data="simple-and-fresh",
        init="independent",
        record_every=10,
        stopping=Stopping(),
        published="",
    ),
)

CATALOG: dict[str, Run] = {run.name: run for run in _RUNS}
