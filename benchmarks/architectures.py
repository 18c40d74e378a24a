"""`python -m benchmarks architectures`: other people's architectures, watched on 16 samples.

Those of transformers are built tiny, of their configuration, those of torchvision as they are, up
to two billion multiplications an image; all with random weights: nothing is downloaded. It is asked
which layers are found, and whether outputs, weights and modes are bit for bit what they were, and
hooks gone, after a reading and after one that fails.
"""

from __future__ import annotations

import argparse
import importlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import fastmi
from benchmarks.called import PROG

__all__ = ["ARCHITECTURES", "Architecture", "Finding", "main", "table", "watched"]

PAGES = {
    "transformers": Path("docs/architectures.md"),
    "torchvision": Path("docs/architectures-torchvision.md"),
}
ENVIRONMENTS = {
    "transformers": "run it in .venv-frameworks (make test-frameworks)",
    "torchvision": "install a torchvision that goes with a torch of its own, in an environment of "
    "its own",
}
MOST_GIGAFLOPS = 2.0  # of an image, as torchvision tells of its weights
BUILT = {
    "transformers": "Each is built tiny, of its configuration and",
    "torchvision": f"Each of at most {MOST_GIGAFLOPS:g} GFLOP an image is built as it is,",
}
N_SAMPLES, N_TOKENS = 16, 8
TEXT = {
    "vocab_size": 30,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "pad_token_id": 0,
}
PATCHES = {**TEXT, "image_size": 32, "patch_size": 8}
STAGES = {"hidden_sizes": [8, 8, 8, 8], "depths": [1, 1, 1, 1]}
SPEECH = {
    **TEXT,
    "conv_dim": (8, 8),
    "conv_stride": (5, 2),
    "conv_kernel": (10, 3),
    "num_feat_extract_layers": 2,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
GPT = {"vocab_size": 30, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 16}


class Architecture(NamedTuple):
    """One of transformers': the classes of its model and configuration, and what makes it tiny."""

    model: str
    config: str
    given: Mapping[str, Any]
    inputs: str = "input_ids"
    shape: tuple[int, ...] = (N_TOKENS,)


def _text(name: str, **given: Any) -> Architecture:
    return Architecture(f"{name}Model", f"{name}Config", {**TEXT, **given})


def _image(name: str, **given: Any) -> Architecture:
    config = name.removesuffix("Model") + "Config"
    model = name if name.endswith("Model") else f"{name}Model"
    return Architecture(model, config, given, "pixel_values", (3, 32, 32))


def _speech(name: str, **given: Any) -> Architecture:
    return Architecture(
        f"{name}Model", f"{name}Config", {**SPEECH, **given}, "input_values", (400,)
    )


ARCHITECTURES = (
    _text("Bert"),
    _text("Roberta"),
    _text("Electra", embedding_size=16),
    _text("Albert", embedding_size=16),
    Architecture(
        "DistilBertModel",
        "DistilBertConfig",
        {"vocab_size": 30, "dim": 16, "n_layers": 2, "n_heads": 2, "hidden_dim": 16},
    ),
    _text("MPNet"),
    _text("Deberta"),
    _text("DebertaV2"),
    _text("RoFormer"),
    _text("FNet"),
    _text("ModernBert", global_attn_every_n_layers=2, cls_token_id=1, sep_token_id=2),
    Architecture("GPT2Model", "GPT2Config", GPT),
    Architecture("GPTJModel", "GPTJConfig", {**GPT, "rotary_dim": 4}),
    Architecture("CodeGenModel", "CodeGenConfig", {**GPT, "n_head": 4, "rotary_dim": 4}),
    _text("GPTNeoX"),
    Architecture(
        "GPTNeoModel",
        "GPTNeoConfig",
        {
            "vocab_size": 30,
            "hidden_size": 16,
            "num_layers": 2,
            "num_heads": 2,
            "attention_types": [[["global", "local"], 1]],
        },
    ),
    _text("OPT", ffn_dim=16, word_embed_proj_dim=16),
    Architecture(
        "BloomModel",
        "BloomConfig",
        {"vocab_size": 30, "hidden_size": 16, "n_layer": 2, "n_head": 2},
    ),
    _text("Llama", num_key_value_heads=2),
    _text("Mistral", num_key_value_heads=2),
    _text("Mixtral", num_key_value_heads=2, num_local_experts=2),
    _text("Qwen2", num_key_value_heads=2),
    _text("Qwen3", num_key_value_heads=2, head_dim=8),
    _text("Gemma", num_key_value_heads=2, head_dim=8),
    _text("Gemma2", num_key_value_heads=2, head_dim=8),
    _text("Phi"),
    _text("Phi3", num_key_value_heads=2),
    _text("Falcon"),
    _text("StableLm", num_key_value_heads=2),
    _text("Mamba", state_size=4),
    Architecture(
        "XLNetModel",
        "XLNetConfig",
        {"vocab_size": 30, "d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 16},
    ),
    Architecture(
        "T5EncoderModel",
        "T5Config",
        {
            "vocab_size": 30,
            "d_model": 16,
            "d_kv": 8,
            "d_ff": 16,
            "num_layers": 2,
            "num_heads": 2,
        },
    ),
    Architecture(
        "BartModel",
        "BartConfig",
        {
            "vocab_size": 30,
            "d_model": 16,
            "pad_token_id": 0,
            **{f"{part}_layers": 1 for part in ("encoder", "decoder")},
            **{f"{part}_attention_heads": 2 for part in ("encoder", "decoder")},
            **{f"{part}_ffn_dim": 16 for part in ("encoder", "decoder")},
        },
    ),
    _image("ViT", **PATCHES),
    _image("DeiT", **PATCHES),
    _image("Beit", **PATCHES),
    _image("Data2VecVision", **PATCHES),
    _image("Dinov2", **PATCHES),
    _image("CLIPVisionModel", **PATCHES),
    _image("SiglipVisionModel", **PATCHES),
    _image(
        "Swin",
        image_size=32,
        patch_size=4,
        embed_dim=8,
        depths=[1, 1],
        num_heads=[1, 2],
        window_size=4,
    ),
    _image("ConvNext", **STAGES),
    _image("ConvNextV2", **STAGES),
    _image("ResNet", **STAGES, embedding_size=8),
    _image("RegNet", **STAGES, embedding_size=8, groups_width=4),
    _image("MobileNetV2", depth_multiplier=0.25),
    _image("Segformer", hidden_sizes=[8] * 4, depths=[1] * 4, num_attention_heads=[1] * 4),
    _speech("Wav2Vec2"),
    _speech("Hubert"),
    _speech("WavLM"),
    Architecture(
        "models.whisper.modeling_whisper.WhisperEncoder",
        "WhisperConfig",
        {
            "d_model": 16,
            "encoder_layers": 2,
            "encoder_attention_heads": 2,
            "encoder_ffn_dim": 16,
            "max_source_positions": 20,
            "num_mel_bins": 8,
        },
        "input_features",
        (8, 40),
    ),
)


class Finding(NamedTuple):
    """What was found of an architecture.

    Attributes:
        name: of its model. n_parameters: of the tiny one. layers: that were read.
        faults: what failed, and why; none where all is as it should be.
    """

    name: str
    n_parameters: int
    layers: tuple[str, ...]
    faults: tuple[str, ...]


def built(architecture: Architecture) -> tuple[Any, tuple[Any, Any]]:
    """Makes its model with random weights, and samples: what it is called with, and labels."""
    import torch
    import transformers  # type: ignore[import-not-found]

    torch.manual_seed(0)
    where: Any = transformers
    for part in architecture.model.split("."):
        where = getattr(where, part)
    model = where(getattr(transformers, architecture.config)(**architecture.given))
    shape = (N_SAMPLES, *architecture.shape)
    x = torch.randint(3, 30, shape) if architecture.inputs == "input_ids" else torch.randn(shape)
    return model.train(), ({architecture.inputs: x}, torch.arange(N_SAMPLES) % 2)


def watched(name: str, model: Any, samples: tuple[Any, Any]) -> Finding:
    """Watches a model by what `fastmi.watch` takes unasked, means over positions."""
    n_parameters = sum(leaf.numel() for leaf in model.parameters())
    before, layers, faults = _state(model, samples[0]), (), []
    try:
        recorder = fastmi.watch(model, samples, pool="mean")
        layers = recorder.layers
        recorder.update(0)
    except Exception as error:
        faults.append(_reason(error))
    faults += _changes(before, _state(model, samples[0]), "a reading")
    try:
        fastmi.watch(model, samples, pool=_failing)
    except _Failure:
        pass
    except Exception as error:
        faults.append(f"with a pool that fails: {_reason(error)}")
    faults += _changes(before, _state(model, samples[0]), "a reading that failed")
    return Finding(name, n_parameters, layers, tuple(faults))


class _Failure(Exception):
    """Fails in the midst of a reading."""


def _failing(output: Any) -> Any:
    raise _Failure


def _state(model: Any, x: Any) -> dict[str, Any]:
    """Collects what a reading may not change: outputs, weights, modes, hooks."""
    import torch

    modes = [module.training for module in model.modules()]
    hooks = sum(len(module._forward_hooks) for module in model.modules())
    weights = {key: value.clone() for key, value in model.state_dict().items()}
    model.eval()
    with torch.no_grad():
        outputs = list(_tensors(model(**x) if isinstance(x, Mapping) else model(x)))
    for module, mode in zip(model.modules(), modes, strict=True):
        module.training = mode
    return {"outputs": outputs, "weights": list(weights.values()), "modes": modes, "hooks": hooks}


def _tensors(output: Any) -> Any:
    import torch

    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, Mapping | list | tuple):
        for each in output.values() if isinstance(output, Mapping) else output:
            yield from _tensors(each)


def _changes(before: dict[str, Any], after: dict[str, Any], what: str) -> list[str]:
    import torch

    changed = [key for key in ("modes", "hooks") if before[key] != after[key]]
    for key in ("outputs", "weights"):
        pairs = zip(before[key], after[key], strict=True)
        if not all(torch.equal(mine, other) for mine, other in pairs):
            changed.append(key)
    return [f"{key} are not what they were before {what}" for key in changed]


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split()):.200}"


def table(findings: Sequence[Finding], library: str, versions: str) -> str:
    """Writes the page of a library's models."""
    right = sum(not one.faults for one in findings)
    lines = [
        f"# Architectures of {library} that were watched",
        "",
        f"Written by `python -m benchmarks architectures --of {library}`. {BUILT[library]}",
        f"with random weights, and watched on {N_SAMPLES} samples by",
        '`fastmi.watch(model, samples, pool="mean")`:',
        "outputs, weights and modes have to be bit for bit what they were, and hooks gone, after a",
        f"reading and after one that fails. {right} of {len(findings)} are right; {versions}.",
        "",
        "| model | parameters | layers | first and last of them | |",
        "| --- | ---: | ---: | --- | --- |",
    ]
    for one in findings:
        ends = ", ".join(f"`{name}`" for name in dict.fromkeys(one.layers[:1] + one.layers[-1:]))
        word = "; ".join(one.faults).replace("|", "\\|") or "as it was"
        lines.append(f"| {one.name} | {one.n_parameters:,} | {len(one.layers)} | {ends} | {word} |")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Watches all, or those that are named, and writes the page of all; 1 where one fails."""
    parser = argparse.ArgumentParser(prog=f"{PROG} architectures")
    parser.add_argument("names", nargs="*", help="of models; none is all, and writes the page")
    parser.add_argument("--of", choices=list(PAGES), default="transformers", help="whose models")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import torch

        library: Any = importlib.import_module(options.of)
    except ImportError as error:
        raise ValueError(f"{error}: {ENVIRONMENTS[options.of]}") from error
    findings = []
    for name, build in MODELS[options.of]():
        if options.names and name not in options.names:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                finding = watched(name, *build())
            except Exception as error:
                finding = Finding(name, 0, (), (f"not built: {_reason(error)}",))
        print(f"{name}: {len(finding.layers)} layers, {'; '.join(finding.faults) or 'as it was'}")
        findings.append(finding)
    if not options.names:
        versions = f"{options.of} {library.__version__}, torch {torch.__version__}"
        out = options.out or PAGES[options.of]
        out.write_text(table(findings, options.of, versions), encoding="utf-8")
    return int(any(one.faults for one in findings))


Built = Callable[[], tuple[Any, tuple[Any, Any]]]


def _of_transformers() -> Iterator[tuple[str, Built]]:
    import transformers  # type: ignore[import-not-found]

    transformers.logging.set_verbosity_error()
    for architecture in ARCHITECTURES:
        yield architecture.model.rpartition(".")[2], partial(built, architecture)


def _of_torchvision() -> Iterator[tuple[str, Built]]:
    """Yields the classification networks up to a size; where weights differ, by their least."""
    from torchvision import models  # type: ignore[import-not-found]

    for name in models.list_models(module=models):
        sizes = [weights.meta["_ops"] for weights in models.get_model_weights(name)]
        if min(sizes) <= MOST_GIGAFLOPS:
            yield name, partial(_image_model, name)


def _image_model(name: str) -> tuple[Any, tuple[Any, Any]]:
    import torch
    from torchvision import models  # type: ignore[import-not-found]

    torch.manual_seed(0)
    model = models.get_model(name, weights=None)
    return model.train(), (torch.randn(N_SAMPLES, 3, 224, 224), torch.arange(N_SAMPLES) % 2)


MODELS = {"transformers": _of_transformers, "torchvision": _of_torchvision}
