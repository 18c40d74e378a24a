"""The table of sizes says what the sums give."""

from experiments.lesson.sizing import SIZES, TIMES, how_many, table
from experiments.lesson.uniform import expected, samples_needed


def test_every_number_of_the_table_is_computed():
    rows = [line.strip("| ").split(" | ") for line in table()]
    assert rows[0][-len(SIZES) :] == [f"n for D = {size}" for size in SIZES]
    for times, row in zip(TIMES, rows[2:], strict=True):
        coverage, plugin, corrected = expected(10, times)
        assert row[0] == f"{times}"
        assert 0 <= coverage - float(row[1]) < 1e-4
        assert row[2:4] == [f"{plugin:.3f}", f"{corrected:.4f}"]
        assert row[4:] == [f"{times * 2**size:,}" for size in SIZES]


def test_the_sizes_in_the_text_are_computed():
    text = " ".join(how_many().split())
    assert f"at {samples_needed(10) / 2**10:.1f} samples a code" in text
    assert "n = 1,000 can resolve codes and labels of 7.6 bits" in text
    assert samples_needed(7.5) < 1000 < samples_needed(7.6)
