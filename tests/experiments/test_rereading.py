"""Further readings of what was trained; the command that asks for them is tested by itself."""

import pytest

from experiments.rereading import read_again
from tests.runs import names

pytestmark = pytest.mark.usefixtures("undrawn")
OTHER = {"edges": (-1.0, 1.0, 9)}


def asked(finished):
    from experiments.results import read

    return read(finished).run.varied(**OTHER)


def test_a_reading_is_a_folder_in_what_was_trained(finished):
    run, before = asked(finished), names(finished)
    result = read_again(run, finished, "cpu", force=False)
    assert result.run == run
    assert set(names(finished)) - set(before) == {run.reads[0].id}


def test_what_is_asked_amid_the_work_ends_it_and_leaves_nothing(finished):
    def check():
        raise KeyboardInterrupt

    before = names(finished)
    with pytest.raises(KeyboardInterrupt):
        read_again(asked(finished), finished, "cpu", force=False, check=check)
    assert names(finished) == before


def test_snapshots_that_are_links_are_not_followed(finished):
    (path,) = list((finished / "snapshots").glob("*.npz"))[:1]
    elsewhere = path.rename(finished.with_name("elsewhere.npz"))
    path.symlink_to(elsewhere)
    with pytest.raises(ValueError, match="is no file, or a link to one"):
        read_again(asked(finished), finished, "cpu", force=False)


def test_what_cannot_be_read_is_said_as_the_caller_says_it(finished):
    (finished / "snapshots" / "state.npz").write_bytes(b"garbage")
    with pytest.raises(OSError, match="RESULT"):
        read_again(
            asked(finished),
            finished,
            "cpu",
            force=False,
            explained=lambda error: OSError(f"RESULT: {error}"),
        )
