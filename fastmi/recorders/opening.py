"""what is to be watched, judged -> a recorder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastmi import checks
from fastmi.ranks import ranks
from fastmi.recorders import numbers, pooling, rules
from fastmi.recorders.estimators import Estimators
from fastmi.recorders.modules import found, unwrapped
from fastmi.recorders.reading import Watching
from fastmi.recorders.recorder import Recorder
from fastmi.recorders.samples import Sample, by_name, read_sample, warn_of_shared_rows
from fastmi.recorders.untouched import untouched

if TYPE_CHECKING:
    from torch import nn

__all__ = ["watch"]

ON_NAN = ("warn", "raise")


def watch(
    model: nn.Module,
    samples: Any,
    measures: Any = None,
    *,
    layers: Any = None,
    pool: Any = None,
    log: Any = None,
    unpack: Callable[[Any], Any] | None = None,
    inputs: Any = None,
    n_classes: int | Mapping[str, int] | None = None,
    batch_size: int = 256,
    on_nan: str = "warn",
    process_group: Any = None,
    seed: int = 0,
) -> Recorder:
    """Watches I(X;T) and I(T;Y) of the layers T of any torch module, in the loop that trains it.

    Each `update(step)` calls the model with the samples, in evaluation mode, without gradients and
    with batches of its own, and counts what it hears. The model and the training are left bit for
    bit as they were: modes, attributes and buffers of every module, the generators of torch, CUDA,
    NumPy and Python, the loader. Between updates there is no hook. Layers are counted batch by
    batch and forgotten.

    Args:
        model: any nn.Module; torch.compile and DistributedDataParallel are unwrapped.
        samples: (x, y), a data set, or a DataLoader (whose data set is read in order); or several
            by name. "training" and "held-out" say what they are, which decides what is said of
            their numbers (`PlaneEstimator`); of other names nothing is known. x is called as
            model(x), model(*x) of a tuple or model(**x) of a mapping. y is (n,) labels or (n, k)
            rows, or a mapping of several sets of labels, which are read in one pass.
        measures: a binning, a measure, a mapping layer -> either, or a list of these. Bins that
            are to be fitted (`QuantileBins(4)`) are so to the first sample at the first update,
            each layer to its own, and stay. Measures that are fitted (`VectorQuantized(16)`) are so
            anew at each update, to rows of the sample "training", or the first. None is both
            "counted", by two bins for each unit, cut at the layer's median, 0 a symbol of its own
            where it is common, and room to grow; and "vector-quantized", which speaks where a layer
            is too wide to be counted. Numbers then are named "counted/i_ty/relu1", and `plot` draws
            each layer by the one that its verdict supports.
        layers: a name, a pattern ("encoder.*.relu"), a module type, or a list of these. None is
            every activation module of torch.nn or transformers, and where there are none every
            module without children that has parameters, but for those whose output has no axis of
            samples first (embeddings of positions). A module that is called again is "act#2".
        pool: what to do with positions: None, "flatten", "mean", "max", "first", "last",
            "positions" or a function output -> (n, d); or a mapping layer -> one, with None for all
            others. None flattens (n, c, h, w), and asks for a choice where a layer is (n, tokens,
            d). "positions" makes every position a sample, with the x of its sample: H(T|X) counts,
            and nothing is said of chance and verdicts, for positions of one sample hang together.
        log: a function log(numbers, step=step) (`wandb.log`) or a TensorBoard writer.
        unpack: a batch -> (what the model is called with, y), where a batch is neither (x, y) nor a
            mapping with "labels".
        inputs: X of the samples, (n,) or (n, d), or a mapping name -> X; None is each row's index.
            Where an X repeats, H(T|X) is counted.
        n_classes: as in `PlaneEstimator`, or a mapping set of labels -> number.
        batch_size: of the readings. A row's floats depend a little on its batch, so this stays.
        on_nan: "warn", the step is marked and the training goes on; "raise".
        process_group: of torch.distributed, as torch.distributed.group.WORLD, whose ranks read
            together: all call `watch` with the same samples, and `update` with the same step, each
            calls the model with its batches by turns, and all have the table that one process
            alone would have, for codes are counted together. The first one logs. Their models have
            to be equal (running statistics of BatchNorm too). None is this process alone; then one
            rank alone may call `update` (if rank == 0), and the others wait for it at the next
            gradient.
        seed: of the run, where there are several: tables that differ in it alone are one band
            (`fastmi.plot`). Bins that are fitted differ from run to run; `Recorder.measures` of the
            first run are those of all.

    Returns:
        a recorder, and a context manager.

    Raises:
        TypeError, ValueError: what cannot be watched, each with the way out; the model is as it
            was.

    Warns:
        UserWarning: rows of one sample are in another.

    Example:
        >>> import fastmi, torch
        >>> from torch import nn
        >>> generator = torch.Generator().manual_seed(0)
        >>> x = torch.randn(200, 4, generator=generator)
        >>> y = (x[:, 0] > 0).long()
        >>> model = nn.Sequential(nn.Linear(4, 2), nn.ReLU(), nn.Linear(2, 2))
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        >>> with fastmi.watch(model, {"held-out": (x, y)}, layers=nn.ReLU) as recorder:
        ...     for epoch in range(3):
        ...         loss = nn.functional.cross_entropy(model(x), y)
        ...         optimizer.zero_grad()
        ...         loss.backward()
        ...         optimizer.step()
        ...         numbers = recorder.update(epoch)
        >>> sorted(numbers)[:2], recorder.plane(measure="counted").epochs
        (['counted/chance/1', 'counted/coding/1'], array([0, 1, 2]))
    """
    inner = unwrapped(model)
    given = by_name(samples)
    named_rules = rules.rules(measures)
    pooling.check_pool(pool)
    log = numbers.logger(log)
    if unpack is not None:
        checks.function("unpack", unpack, "a batch -> (what the model is called with, labels)")
    batch_size = checks.positive_integer("batch_size", batch_size)
    checks.one_of("on_nan", on_nan, ON_NAN)
    seed = checks.seed(seed)
    group = ranks(process_group)
    found(inner, layers)
    read = _read_samples(inner, given, unpack, batch_size)
    estimators = Estimators(read, named_rules, inputs, n_classes)
    watching = Watching(inner, layers, pool)
    return Recorder(
        *(watching, read, estimators, log),
        stops=on_nan == "raise",
        supported=measures is None,
        ranks=group,
        seed=seed,
    )


def _read_samples(
    model: nn.Module, given: Mapping[str, Any], unpack: Any, batch_size: int
) -> list[Sample]:
    """Reads all samples once; transforms that draw leave the generators as they were."""
    with untouched(model):
        samples = [read_sample(name, one, unpack, batch_size) for name, one in given.items()]
    for sample in samples[1:]:
        if sample.labels.keys() != samples[0].labels.keys():
            raise ValueError(
                f"samples[{sample.name!r}] has labels {', '.join(sample.labels)}, "
                f"samples[{samples[0].name!r}] {', '.join(samples[0].labels)}: give all the same"
            )
    warn_of_shared_rows(samples)
    return samples
