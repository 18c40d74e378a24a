"""Two processes that read together have the table of one, bit for bit."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

import fastmi
from fastmi.ranks import ALONE, Ranks, ranks
from tests import ROOT
from tests.fastmi.recorders.models import mlp, samples
from tests.fastmi.recorders.two_ranks import CASES, nearly_equal, recorded


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """What each of two processes recorded, over gloo on the loopback."""
    folder = tmp_path_factory.mktemp("ranks")
    command = [sys.executable, "-m", "tests.fastmi.recorders.two_ranks"]
    places = {**os.environ, "GLOO_SOCKET_IFNAME": "lo", "OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [*command, str(rank), folder / "store", folder / f"{rank}"], cwd=ROOT, env=places
        )
        for rank in range(2)
    ]
    try:
        assert [process.wait(timeout=240) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
    return [pickle.loads((folder / f"{rank}").read_bytes()) for rank in range(2)]


@pytest.mark.parametrize("name", CASES)
def test_the_table_is_that_of_one_process(together, name):
    numbers, marked, columns, bins, logged = recorded(name)
    for rank, found in enumerate(together):
        theirs, their_marks, their_columns, their_bins, their_log = found[name]
        assert (theirs, their_marks, their_bins) == (numbers, marked, bins)
        for mine, other in zip(columns, their_columns, strict=True):
            assert mine.keys() == other.keys()
            for column, array in mine.items():
                np.testing.assert_array_equal(other[column], array, err_msg=column)
        assert their_log == (logged if rank == 0 else [])


def test_what_is_refused_is_refused_on_every_rank(together):
    for rank, found in enumerate(together):
        steps, adds, samples, sizes, layers = found["refused"]
        assert f"step is {rank + 1} on rank {rank} and {2 - rank} on rank {1 - rank}" in steps
        assert "Means adds up its batches in their order, and cannot be merged" in adds
        assert samples.startswith("samples is {'sample/y': ")
        assert sizes.startswith(f"batch_size is {8 + rank} on rank {rank} and {9 - rank} on rank")
        assert layers.startswith(f"layers is {(f'{1 + 2 * rank}',)} on rank {rank}")
    assert (
        ": pass one of torch.distributed, as torch.distributed.group.WORLD"
        in together[1]["outside"]
    )


def test_codes_are_fitted_once_for_all_ranks(together):
    alone = nearly_equal(0)
    assert [found["nearly equal"] for found in together] == [alone] * 2
    assert nearly_equal(1) == alone > 0.9


def test_what_ranks_are_given_is_compared():
    class Two(Ranks):
        def together(self, value, device="cpu"):
            return [value, 4]

    with pytest.raises(ValueError, match="step is 3 on rank 0 and 4 on rank 1: ranks that read"):
        Two().check_same("step", 3)
    Two().check_same("step", 4)


def test_batches_are_read_by_turns():
    shares = [Ranks("group", rank, 3).rows(20, 4) for rank in range(3)]
    assert shares == [[*range(4), *range(12, 16)], [*range(4, 8), *range(16, 20)], [*range(8, 12)]]
    assert Ranks("group", 2, 3).rows(5, 4) == []
    assert ALONE.rows(20, 4) is None
    assert ALONE.together("all") == ["all"]
    assert ranks(None) == ALONE


def test_a_process_group_is_one():
    with pytest.raises(TypeError, match=r"process_group is a str: pass one of torch.distributed"):
        fastmi.watch(mlp(), samples(20), process_group="gloo")


def test_what_one_rank_raises_all_raise():
    class Two(Ranks):
        def together(self, value, device="cpu"):
            return [value, OSError("of the other")]

    def fails():
        raise ValueError("of this one")

    with pytest.raises(OSError, match="of the other"):
        Two(size=2).agreed(int)
    with pytest.raises(ValueError, match="of this one"):
        Two(size=2).agreed(fails)
    assert ALONE.agreed(int) == 0
