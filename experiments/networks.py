"""The networks of the runs: name, widths, seed -> a network.

Its watched modules are called "layer ..." and "output".
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import nn

__all__ = ["NETWORKS", "build", "outline", "watched"]


def tanh(widths: tuple[int, ...]) -> nn.Sequential:
    """Builds Linear and Tanh in turn.

    Watched are the Tanh: "layer 1", "layer 2", ..., "output".
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        modules[f"linear {i}"] = nn.Linear(n_in, n_out)
        modules["output" if i == len(widths) - 1 else f"layer {i}"] = nn.Tanh()
    return nn.Sequential(modules)


def digits_cnn(widths: tuple[int, ...]) -> nn.Sequential:
    """Builds the report's convolutional network for 14x14 images.

    Watched are its Tanh, "layer 1", and its Softmax, "output".
    """
    n_hidden, n_classes = widths
    return nn.Sequential(
        OrderedDict(
            [
                ("image", nn.Unflatten(1, (1, 14, 14))),
                ("convolution", nn.Conv2d(1, 1, 4)),
                ("pooling", nn.MaxPool2d(3)),
                ("pixels", nn.Flatten()),
                ("relu", nn.ReLU()),
                ("linear 1", nn.Linear(9, n_hidden)),
                ("layer 1", nn.Tanh()),
                ("linear 2", nn.Linear(n_hidden, n_classes)),
                ("output", nn.Softmax(dim=1)),
            ]
        )
    )


def classifier(widths: tuple[int, ...], activation: type[nn.Module]) -> nn.Sequential:
    """Builds hidden layers with the activation and a softmax output.

    It is the network of the original paper and of its critics: weights from a normal distribution
    cut at two standard deviations of 1 / sqrt(n_in), biases zero, as theirs.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for i, (n_in, n_out) in enumerate(pairwise(widths), start=1):
        linear = nn.Linear(n_in, n_out)
        sd = n_in**-0.5
        nn.init.trunc_normal_(linear.weight, std=sd, a=-2 * sd, b=2 * sd)
        nn.init.zeros_(linear.bias)
        last = i == len(widths) - 1
        modules[f"linear {i}"] = linear
        modules["output" if last else f"layer {i}"] = nn.Softmax(dim=1) if last else activation()
    return nn.Sequential(modules)


def lenet(widths: tuple[int, ...]) -> nn.Sequential:
    """Builds LeNet-5 for 28x28 images with tanh, max pooling and a softmax.

    Watched are both poolings, both hidden layers and the output.
    """
    n_hidden, n_last, n_classes = widths
    return nn.Sequential(
        OrderedDict(
            [
                ("image", nn.Unflatten(1, (1, 28, 28))),
                ("convolution 1", nn.Conv2d(1, 6, 5)),
                ("tanh 1", nn.Tanh()),
                ("layer 1", nn.MaxPool2d(2)),
                ("convolution 2", nn.Conv2d(6, 16, 5)),
                ("tanh 2", nn.Tanh()),
                ("layer 2", nn.MaxPool2d(2)),
                ("pixels", nn.Flatten()),
                ("linear 3", nn.Linear(256, n_hidden)),
                ("layer 3", nn.Tanh()),
                ("linear 4", nn.Linear(n_hidden, n_last)),
                ("layer 4", nn.Tanh()),
                ("linear 5", nn.Linear(n_last, n_classes)),
                ("output", nn.Softmax(dim=1)),
            ]
        )
    )


class Channels(nn.Module):
    """Lays one channel into as many as there are to be."""

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self._n_channels = n_channels

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.expand(-1, self._n_channels, -1, -1)


class Residual(nn.Module):
    """Adds what two convolutions make of the input to the input itself (He et al. 2016)."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()),
            *(nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False), nn.BatchNorm2d(n_out)),
        )
        self.shortcut = nn.Sequential()
        if stride > 1 or n_in != n_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.convolutions(images) + self.shortcut(images))


def resnet(widths: tuple[int, ...]) -> nn.Sequential:
    """Builds ResNet-18 for 28x28 images in three equal channels: four stages of two blocks.

    It begins with a convolution of 3x3, as for small images, and the stages have 1, 2, 4 and 8
    times the first width. Watched are the stages, what is pooled of the last, and the softmax. (He
    et al. 2016, arXiv:1512.03385.)
    """
    width, n_classes = widths
    channels = [width, width, 2 * width, 4 * width, 8 * width]
    stages = [
        nn.Sequential(Residual(n_in, n_out, 1 if i == 0 else 2), Residual(n_out, n_out, 1))
        for i, (n_in, n_out) in enumerate(pairwise(channels))
    ]
    return nn.Sequential(
        OrderedDict(
            [
                ("image", nn.Unflatten(1, (1, 28, 28))),
                ("channels", Channels(3)),
                ("convolution", nn.Conv2d(3, width, 3, 1, 1, bias=False)),
                ("norm", nn.BatchNorm2d(width)),
                ("relu", nn.ReLU()),
                *((f"layer {i}", stage) for i, stage in enumerate(stages, start=1)),
                ("pooling", nn.AdaptiveAvgPool2d(1)),
                ("layer 5", nn.Flatten()),
                ("linear", nn.Linear(channels[-1], n_classes)),
                ("output", nn.Softmax(dim=1)),
            ]
        )
    )


NETWORKS: dict[str, Callable[[tuple[int, ...]], nn.Sequential]] = {
    "tanh": tanh,
    "digits-cnn": digits_cnn,
    "lenet": lenet,
    "resnet": resnet,
    "tanh-softmax": partial(classifier, activation=nn.Tanh),
    "relu-softmax": partial(classifier, activation=nn.ReLU),
}


def build(name: str, widths: tuple[int, ...], seed: int) -> nn.Sequential:
    """Builds the network of that name; its parameters depend on the seed alone.

    torch's global generator stays as it was.
    """
    # where the caller's default device is another, another generator would draw them
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        return NETWORKS[name](widths)


def outline(name: str, widths: tuple[int, ...]) -> nn.Sequential:
    """Builds the network of that name without memory for its parameters.

    It has their shapes, and the names of its modules.

    Raises:
        ValueError: it cannot be built of these widths.
    """
    try:
        with torch.random.fork_rng(devices=[]), torch.device("meta"):
            return NETWORKS[name](widths)
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"network is {name!r}, which cannot be built of {len(widths)} widths ({reason:.100})"
        ) from None


def watched(network: nn.Sequential) -> list[str]:
    """Lists the names of the modules whose information is estimated."""
    return [
        name
        for name, _ in network.named_children()
        if name == "output" or name.startswith("layer ")
    ]
