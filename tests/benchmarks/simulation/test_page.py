"""The page: every number is the one that was found, and what fails is said."""

from benchmarks.simulation.lines import LINES
from benchmarks.simulation.page import Found, Width, page
from benchmarks.simulation.rejecting import Null, Power
from benchmarks.simulation.sampling import Bracket, Coverage, Mean

GOOD = Bracket(
    Mean(0.1234, 0.0012),
    0.2,
    Mean(0.19, 0),
    Mean(0.21, 0.001),
    Mean(0.3456, 0.0034),
    Mean(0.1, 0.1),
)
HELD = Coverage(200, 150, 141, 188)


def text(bracket=GOOD, coverage=HELD, null=None, widest=0.0009, known=True):
    line = next(line for line in LINES if line.known == known)
    null = null or Null(Mean(0.5, 0.01), (0.001, 0.02, 0.0345), 5000)
    laws = [(line, 1234, bracket, coverage)]
    powers = [(777, Power(0.111, 0.222, 0.333, 0.444))]
    return page(
        Found(200, 5000, 42, laws, [(line, 99, null)], powers, [Width(100_000, widest, 0.0007)])
    )


def rows(written):
    return [line for line in written.splitlines() if line.startswith("|")]


def test_every_number_stands_in_its_row():
    written = text()
    name = LINES[0].name
    for row in (
        f"| {name} | 1,234 | 0.1234 ± 0.0012 | 0.2000 | 0.1900 | 0.3456 ± 0.0034 | 0.2100 | holds "
        "| holds |",
        "| 100,000 | 0.00090 | 0.00070 | holds |",
        f"| {name} | 99 | 0.5000 ± 0.0100 | 0.0010 | 0.0200 | 0.0345 | holds |",
        "| 777 | 0.111 | 0.222 | 0.333 | 0.444 |",
        f"| {name} | 1,234 | 0.1900 | 75.0 % | 94.0 % | 94.0 % | holds |",
    ):
        assert row in rows(written)
    assert "{" not in written
    assert "200 samples a line" in written
    assert "42 samples of each size" in written


def test_every_table_has_cells_for_its_head():
    widths = [row.count(" | ") for row in rows(text()) if "---" not in row]
    assert widths == [8, 8, 3, 3, 6, 6, 4, 4, 6, 6]


def test_what_does_not_hold_is_said():
    broken = text(GOOD._replace(information=0.1), HELD._replace(n_holding=136), widest=0.0011)
    assert "| **does not hold** | holds |" in broken
    assert "| 90.7 % | 94.0 % | **does not hold** |" in broken
    assert "| 0.00110 | 0.00070 | **does not hold** |" in broken
    assert "**does not hold**" in text(null=Null(Mean(2, 0.01), (0, 0, 0), 10))
    assert "does not hold" not in text()


def test_what_is_not_promised_is_not_judged():
    described = rows(text(GOOD._replace(information=0.1), known=False))
    assert described[2].endswith("| 0.2100 |  |  |")
    assert rows(text(coverage=Coverage(200, 3, 1, 188)))[-1].endswith(
        "| 1.5 % | 33.3 % | 94.0 % |  |"
    )
    assert rows(text(coverage=Coverage(200, 0, 0, 188)))[-1].endswith("| 0.0 % |  | 94.0 % |  |")
