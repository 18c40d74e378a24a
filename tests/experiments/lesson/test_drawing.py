"""The figures are the library's own, a panel for each plane."""

import struct

from experiments.lesson.drawing import DPI, drawn, save


def width_of(path):
    """In pixels, as a PNG states it."""
    return struct.unpack(">I", path.read_bytes()[16:20])[0]


def test_a_figure_has_a_panel_for_each_plane_and_its_width(material, tmp_path):
    figures = drawn(material)
    assert {name: len(figure.axes) for name, figure in figures.items()} == {
        "first": 1,
        "point": 2,
        "sizes": 3,
        "samples": 2,
        "copies": 3,
    }
    titles = [axes.get_title() for axes in figures["sizes"].axes]
    assert titles == ["n = 250", "n = 1,000", "n = 20,000"]
    save(figures["sizes"], tmp_path / "a.png")
    assert width_of(tmp_path / "a.png") == int(DPI * figures["sizes"].get_figwidth())
    assert width_of(tmp_path / "a.png") < 1100
