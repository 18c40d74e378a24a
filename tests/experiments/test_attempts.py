"""Every attempt is a file of its own: many writers, damaged files, earlier ledgers."""

import json
import re
import shutil
import subprocess
import sys
import threading

import pytest

from experiments import __main__ as cli
from experiments import attempts, work
from tests import DATA, ROOT


def names(folder):
    return sorted(path.name for path in folder.iterdir())


WRITES = """
import sys
from pathlib import Path
from experiments import attempts
for i in range(20):
    story = dict(id="x-1", status="done", reason="because, " * (i + 1))
    attempts.record(Path(sys.argv[1]), run=f"{sys.argv[2]}-{i}", **story)
"""


def test_attempts_of_many_threads_are_all_there(tmp_path):
    def work(name):
        for i in range(20):
            attempts.record(tmp_path, run=f"{name}-{i}")

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({row["run"] for row in attempts.read(tmp_path)}) == 80


def test_a_reason_of_many_lines_is_one_line(tmp_path):
    attempts.record(tmp_path, run="warm-up", reason='RuntimeError: "a",\nb\r\n\tc')
    (row,) = attempts.read(tmp_path)
    assert row["reason"] == 'RuntimeError: "a", b c'
    assert tuple(row) == attempts.COLUMNS


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"when": 3}',
        '{"when": "now", "run": 3}',
        "\0",
        '{"when": "x", "format": 2}',
    ],
)
def test_a_damaged_attempt_is_said_and_passed_over(tmp_path, log, content):
    attempts.record(tmp_path, run="tishby", status="done")
    (tmp_path / "attempts" / "0.json").write_text(content)
    assert [row["run"] for row in attempts.read(tmp_path)] == ["tishby"]
    assert re.search(r"0\.json' is passed over: it is no attempt \(.+\)", log.text)


def test_a_file_that_is_being_written_is_none_yet(tmp_path, log):
    attempts.record(tmp_path, run="tishby")
    (tmp_path / "attempts" / ".fastmi-12.part").write_text("{")
    assert [row["run"] for row in attempts.read(tmp_path)] == ["tishby"]
    assert log.text == ""


def test_an_attempt_that_cannot_be_written_keeps_no_run_from_its_end(tmp_path, log):
    (tmp_path / "attempts").touch()
    attempts.record(tmp_path, run="tishby", status="done")
    assert re.search(r"attempts' lacks the attempt tishby, done \(File exists\)", log.text)


def test_attempts_that_could_not_be_written_are_said_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(work, "execute", lambda *words, **options: pytest.fail("work was done"))
    (tmp_path / "attempts").touch()
    assert cli.main(["run", "warm-up", "--out", str(tmp_path)]) == 2
    assert "attempts', which cannot be written" in capsys.readouterr().err


# --- the ledgers of earlier versions --------------------------------------------------------------

HEAD = "when,run,id,data,device,status,reason,seconds,folder\n"


@pytest.mark.parametrize(("version", "rows"), [(0, ["warm-up"]), (1, ["warm-up", "warm-up"])])
def test_the_ledger_of_an_earlier_version_is_read_with_them_and_never_written(
    tmp_path, version, rows
):
    shutil.copy(DATA / f"format-{version}" / "runs.csv", tmp_path)
    before = (tmp_path / "runs.csv").read_bytes()
    attempts.record(tmp_path, run="another", status="done")
    assert [row["run"] for row in attempts.read(tmp_path)] == [*rows, "another"]
    assert (tmp_path / "runs.csv").read_bytes() == before


@pytest.mark.parametrize(
    "torn",
    [
        "2026,warm-up,w-1,simple",
        "2026,warm-up\n",
        "2026,warm-up,w-1,simple,cpu,done,,1.0,w-1,more\n",
    ],
)
def test_a_torn_row_is_said_and_passed_over(tmp_path, log, torn):
    whole = "2025,tishby,t-1,simple,cpu,done,,1.0,t-1\n"
    (tmp_path / "runs.csv").write_text(HEAD + whole + torn)
    assert [row["run"] for row in attempts.read(tmp_path)] == ["tishby"]
    assert re.search(
        r"runs\.csv' was torn by a crash in the row of '2026', which is passed over", log.text
    )


@pytest.mark.parametrize("text", ["", HEAD, HEAD.rstrip()])
def test_a_ledger_of_nothing_yet_is_one(tmp_path, log, text):
    (tmp_path / "runs.csv").write_text(text)
    assert attempts.read(tmp_path) == []
    assert log.text == ""


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"\0\n", b"a,b\n1,2\n", HEAD.encode() + b"a" * 200_000 + b"\n", None]
)
def test_what_is_no_ledger_is_said_and_passed_over(tmp_path, log, content):
    path = tmp_path / "runs.csv"
    path.mkdir() if content is None else path.write_bytes(content)
    assert attempts.read(tmp_path) == []
    assert re.search(r"runs\.csv' is passed over: it is no ledger of runs \(.+\)", log.text)


# --- the command ----------------------------------------------------------------------------------


def test_an_attempt_is_json_that_others_can_read(tmp_path):
    attempts.record(tmp_path, run="tishby", id="tishby-1/counted-2", status="estimated")
    (path,) = (tmp_path / "attempts").iterdir()
    assert "-tishby-1-" in path.name
    assert json.loads(path.read_text()) | {"when": ""} == {
        "format": 1,
        "when": "",
        "run": "tishby",
        "id": "tishby-1/counted-2",
        "status": "estimated",
    }


def test_attempts_of_many_writers_are_all_there_in_the_order_of_time(tmp_path):
    words = [[sys.executable, "-c", WRITES, str(tmp_path), name] for name in "abcd"]
    writers = [subprocess.Popen(word, cwd=ROOT) for word in words]
    assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
    rows = attempts.read(tmp_path)
    runs = [row["run"] for row in rows]
    assert sorted(runs) == sorted(f"{name}-{i}" for name in "abcd" for i in range(20))
    assert [row for row in runs if row.startswith("a")] == [f"a-{i}" for i in range(20)]
    assert [row["when"] for row in rows] == sorted(row["when"] for row in rows)
    assert names(tmp_path) == ["attempts"]
    assert all(
        re.fullmatch(r"20\d{6}T\d{6}\.\d{6}Z-x-1-[0-9a-f]{8}\.json", name)
        for name in names(tmp_path / "attempts")
    )
