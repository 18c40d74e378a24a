"""Rows of an output: every choice by its definition, and what needs one."""

import pytest
import torch

from fastmi.recorders.pooling import POOLS, check_pool, named, pool_of, pooled

TOKENS = torch.arange(24.0).reshape(2, 3, 4).sin()  # n, tokens, d
MAPS = torch.arange(48.0).reshape(2, 3, 4, 2).sin()  # n, channels, height, width


@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("flatten", lambda t: t.reshape(2, 12)),
        ("mean", lambda t: (t[:, 0] + t[:, 1] + t[:, 2]) / 3),
        ("max", lambda t: torch.maximum(torch.maximum(t[:, 0], t[:, 1]), t[:, 2])),
        ("first", lambda t: t[:, 0]),
        ("last", lambda t: t[:, 2]),
        ("positions", lambda t: torch.stack([t[:, 0], t[:, 1], t[:, 2]])),
        (lambda t: t[:, 1], lambda t: t[:, 1]),
    ],
)
def test_tokens(pool, expected):
    torch.testing.assert_close(pooled("a", TOKENS, 2, pool), expected(TOKENS))


def test_maps():
    assert torch.equal(pooled("a", MAPS, 2, None), MAPS.reshape(2, 24))
    torch.testing.assert_close(pooled("a", MAPS, 2, "mean"), MAPS.mean((2, 3)))
    assert torch.equal(pooled("a", MAPS, 2, "max"), MAPS.amax((2, 3)))
    positions = pooled("a", MAPS, 2, "positions")
    assert positions.shape == (8, 2, 3)
    assert torch.equal(positions[3], MAPS[:, :, 1, 1])
    volumes = MAPS[..., None]
    assert torch.equal(pooled("a", volumes, 2, "positions"), positions)
    assert torch.equal(
        pooled("a", (9 * TOKENS).long(), 2, "mean"), (9 * TOKENS).long().float().mean(1)
    )


@pytest.mark.parametrize("pool", [None, *POOLS])
def test_rows_are_rows_and_one_number_is_one_unit(pool):
    assert torch.equal(pooled("a", TOKENS[0], 3, pool), TOKENS[0])
    assert pooled("a", torch.ones(5), 5, pool).shape == (5, 1)


def test_tokens_without_a_choice_name_the_choices():
    with pytest.raises(ValueError, match=r"'a' is \(2, 3, 4\).*choose pool=\"mean\", \"max\""):
        pooled("a", TOKENS, 2, None)


@pytest.mark.parametrize("pool", ["first", "last"])
def test_maps_have_no_token(pool):
    with pytest.raises(ValueError, match=rf"\(2, 3, 4, 2\), and has no {pool} token"):
        pooled("a", MAPS, 2, pool)


def test_another_number_of_samples_is_refused():
    for output in (TOKENS, torch.tensor(1.0)):
        with pytest.raises(ValueError, match="for 3 samples: its first axis has to be the samples"):
            pooled("a", output, 3, "mean")
    with pytest.raises(ValueError, match=r"pool of the layer 'a' returned \(2, 3, 4\) for 2"):
        pooled("a", TOKENS, 2, lambda output: output)
    with pytest.raises(TypeError, match="pool of the layer 'a' returned 'text'"):
        pooled("a", TOKENS, 2, lambda output: "text")


def test_each_layer_has_its_own():
    pool = {"act": "mean", "act#3": "max"}
    assert [pool_of(pool, name) for name in ("act", "act#2", "act#3", "b")] == [
        "mean",
        "mean",
        "max",
        None,
    ]
    assert pool_of("first", "b") == "first"
    assert [named(one) for one in (None, "max", len)] == ["flatten", "max", "len"]


@pytest.mark.parametrize(
    ("pool", "kind", "said"),
    [
        ("avg", ValueError, "pool is 'avg': one of 'flatten', 'mean'"),
        (3, TypeError, "pool is 3"),
        ({"a": "avg"}, ValueError, r"pool\['a'\] is 'avg'"),
        ({"a": 3}, TypeError, r"pool\['a'\] is 3"),
    ],
)
def test_what_is_no_pooling_is_refused(pool, kind, said):
    with pytest.raises(kind, match=said):
        check_pool(pool)
    check_pool({"a": len, "b": None})
