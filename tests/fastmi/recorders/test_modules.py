"""Which modules are meant by a name, a pattern, a type or nothing; what cannot be heard."""

import warnings

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from fastmi.recorders.modules import found, unwrapped
from tests.fastmi.recorders.models import mlp


def names(model, layers=None):
    return list(found(unwrapped(model), layers))


def encoder():
    model = nn.Module()
    model.encoder = nn.ModuleList([nn.Sequential(nn.Linear(2, 2), nn.GELU()) for _ in range(2)])
    model.head = nn.Linear(2, 2)
    model.relu1 = nn.ReLU()
    return model


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("head", ["head"]),
        ("encoder.*.1", ["encoder.0.1", "encoder.1.1"]),
        ("encoder.[1].?", ["encoder.1.0", "encoder.1.1"]),
        (nn.GELU, ["encoder.0.1", "encoder.1.1"]),
        ([nn.Linear, "relu1"], ["encoder.0.0", "encoder.1.0", "head", "relu1"]),
        (("relu1", "head"), ["head", "relu1"]),
        (None, ["encoder.0.1", "encoder.1.1", "relu1"]),
    ],
)
def test_layers_by_name_pattern_type_or_nothing(layers, expected):
    assert names(encoder(), layers) == expected


def test_without_activations_every_module_with_weights_is_watched():
    model = nn.Sequential(nn.Linear(2, 2), nn.Flatten(), nn.Linear(2, 2), nn.Dropout())
    assert names(model) == ["0", "2"]
    model[0] = parametrizations.weight_norm(model[0])
    assert names(model) == ["0", "2"]
    assert names(nn.Sequential(nn.Flatten())) == ["model"]


def test_attention_is_no_activation():
    assert names(nn.Sequential(nn.MultiheadAttention(2, 1), nn.Softmax(-1))) == ["1"]


def test_parametrizations_are_no_layers():
    model = nn.Sequential(parametrizations.weight_norm(nn.Linear(2, 2)), nn.ReLU())
    assert names(model, "*") == ["model", "0", "1"]


def test_a_module_with_two_names_is_heard_under_the_first():
    model = nn.Module()
    model.a = nn.ReLU()
    model.b = model.a
    assert names(model, "b") == names(model, nn.ReLU) == names(model, ["a", "b"]) == ["a"]


def test_compiled_models_are_unwrapped_at_every_depth():
    model = mlp()
    compiled = torch.compile(model, backend="eager")
    assert unwrapped(compiled) is model
    model[1] = torch.compile(model[1], backend="eager")
    assert names(compiled, "1") == names(compiled, nn.Tanh) == ["1"]
    assert isinstance(found(model, "1")["1"], nn.Tanh)


def test_a_model_in_distributed_data_parallel_is_unwrapped(tmp_path):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = mlp()
            wrapped = nn.parallel.DistributedDataParallel(model)
            outer = nn.Sequential(wrapped)
        assert unwrapped(wrapped) is model
        assert names(outer, "0.1") == ["0.1"]
    finally:
        torch.distributed.destroy_process_group()


def test_what_hides_its_layers_is_refused():
    class FullyShardedDataParallel(nn.Module):
        """Named as torch's, which needs a process group."""

    class FSDPModule(nn.Sequential): ...

    for sharded in (FullyShardedDataParallel(), FSDPModule(), nn.Sequential(FSDPModule())):
        with pytest.raises(TypeError, match="model is sharded"):
            unwrapped(sharded)
    with pytest.raises(TypeError, match=r"DataParallel.*pass the module itself \(model.module\)"):
        unwrapped(nn.DataParallel(mlp()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(mlp())
    for hidden in (scripted, nn.Sequential(scripted)):
        with pytest.raises(TypeError, match="whose layers are compiled away"):
            unwrapped(hidden)


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_lazy_model_has_to_be_called_first():
    lazy = nn.Sequential(nn.LazyLinear(3), nn.ReLU())
    with pytest.raises(ValueError, match=r"no shape yet \(0.weight is lazy\): call it once"):
        unwrapped(lazy)
    lazy(torch.ones(2, 4))
    assert names(lazy) == ["1"]


@pytest.mark.parametrize("model", [3, "model", nn.Linear, lambda x: x, None])
def test_what_is_no_module_is_refused(model):
    with pytest.raises(TypeError, match=r"model is .*: pass a torch\.nn\.Module"):
        unwrapped(model)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ("relu", "'relu', which the model does not have; near it are relu1"),
        ("1", "near it are encoder.0.1, encoder.1, encoder.1.1"),
        ("nothing", "it has model, encoder, encoder.0"),
        ("encoder.*.7", "which the model does not have"),
        (nn.ReLU6, "ReLU6, which the model does not have; near it are ReLU"),
        (nn.Tanh, "Tanh, which the model does not have; it has Module, ModuleList, Sequential"),
        (nn.Tanh, r"a function that a forward calls \(F.relu\) is no module .* leave layers out"),
    ],
)
def test_near_misses_are_named(layers, said):
    with pytest.raises(ValueError, match=said):
        names(encoder(), layers)


def test_of_many_names_some_are_said():
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(30)))
    with pytest.raises(ValueError, match="18, 11 more"):
        names(model, "nothing like it")


@pytest.mark.parametrize("layers", [3, nn.ReLU(), [nn.ReLU()], [int], [None]])
def test_what_names_no_layer_is_refused(layers):
    with pytest.raises(TypeError, match=r"layers holds .*: pass names of modules, patterns or"):
        names(mlp(), layers)
    with pytest.raises(ValueError, match="layers is empty"):
        names(mlp(), [])


def test_two_modules_of_one_name_are_refused():
    model = nn.Sequential(nn.ReLU())
    model._modules["a"] = nn.Sequential()
    model._modules["a"]._modules["b"] = nn.ReLU()
    model._modules["a.b"] = nn.Tanh()
    with pytest.raises(ValueError, match=r"two modules that would be called 'a\.b'"):
        names(model)
