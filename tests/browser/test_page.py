"""A page in a real browser, used as a person would: it shows the CSV's numbers, and says no more.

`make test-browser` fails where there is no Chromium; `make test` skips these with their reason.
"""

import csv
import os
import re
import time
from dataclasses import replace

import numpy as np
import pytest

import fastmi
from fastmi import PlaneEstimator, UniformBins, write_csv, write_html
from fastmi.pages import Curve
from tests.browser.chromium import Chromium, find

EVIL = "<b onmouseover='alert(1)'>\"hidden\" & co</b>"
LAYERS = (EVIL, "narrow", "output")
STEPS = [0, 5, 10, 50, 100]
WIDTHS = (1280, 390)

if not find() and not os.environ.get("FASTMI_BROWSER"):
    pytest.skip("no Chromium here (Debian: apt-get install chromium)", allow_module_level=True)


def tables():
    """Two samples of three copies, each layer knowing more of y; one point is missing."""
    rng = np.random.default_rng(5)
    made = []
    for sample, n in (("training", 300), ("held-out", 400)):
        y = rng.integers(0, 2, n)
        layers = [
            (
                np.linspace(0, k, 5)[:, None, None, None] * y[:, None]
                + rng.normal(size=(5, 3, n, 4 - k))
            ).astype(np.float32)
            for k in (1, 2, 3)
        ]
        estimator = PlaneEstimator(np.arange(n), y, UniformBins(5, range=(-2, 3)), sample=sample)
        read = estimator.readings(layers)
        names = {"epochs": STEPS, "layers": LAYERS, "n_copies": 3, "data": "made up"}
        made += [
            fastmi.InformationPlane.collect(estimator, [read[name]], reading=name, **names)
            for name in ("each", "mixture")
        ]
    gone = [with_a_gap(table) if table.reading == "each" else table for table in made]
    means = [table.mean() for table in gone if table.reading == "each"]
    return [*means, *gone]


def with_a_gap(table):
    gap = np.zeros(table.i_xt.shape, bool)
    gap[1, :, 1] = True
    return replace(table, points=table.points.map(lambda column: np.where(gap, np.nan, column)))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    y = np.arange(60) % 3
    layer = (y[:, None] == np.arange(3)).astype(np.float32)
    planes = tables()
    write_csv(folder / "plane.csv", planes)
    write_html(
        folder / "page.html",
        planes,
        title=f"A page of {EVIL}",
        curves=[
            Curve(name, np.array(STEPS), np.linspace(0.5, 0.9, 5), sample)
            for name in ("accuracy", "loss")
            for sample in ("training", "held-out")
        ],
        units={EVIL: fastmi.unit_information(layer, y, fastmi.Edges([0.5]))},
    )
    return folder / "page.html"


@pytest.fixture(scope="module")
def rows(page):
    with page.with_name("plane.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def browser():
    path = find()
    assert path, "no Chromium here (Debian: apt-get install chromium)"
    with Chromium(path) as started:
        yield started


def points_of(browser):
    """(x, y) of each layer, as they are drawn now."""
    return browser.ask(
        "(() => { const now = document.getElementById('plane').data.find(t => t.name === 'now');"
        "return now.x.map((x, i) => [x, now.y[i]]); })()"
    )


def expected(rows, sample, reading, step, copy=None):
    """The same of the CSV."""
    of_step = [
        row
        for row in rows
        if (row["sample"], row["reading"], int(row["epoch"])) == (sample, reading, step)
        and copy in (None, row["copy"])
    ]
    assert [row["layer"] for row in of_step] == list(LAYERS)
    return [
        [float(f"{float(row[name]):.6g}") if row[name] else None for name in names]
        for row in of_step
        for names in [("i_xt_bits", "i_ty_bits")]
    ]


def slide(browser, place):
    browser.ask(
        f"(() => {{ const s = document.getElementById('step'); s.value = {place};"
        "s.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def choose(browser, name, value):
    browser.ask(
        f"(() => {{ const s = document.querySelector('select[name={name}]'); s.value = {value!r};"
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


def place_of(browser, layer):
    """Where on the screen the mark of a layer stands."""
    browser.ask("document.getElementById('plane').scrollIntoView({block: 'center'})")
    return browser.ask(
        "(() => { const g = document.getElementById('plane'), r = g.getBoundingClientRect();"
        "const now = g.data.find(t => t.name === 'now'), of = g._fullLayout;"
        f"return [r.left + of.xaxis._offset + of.xaxis.d2p(now.x[{layer}]),"
        f"r.top + of.yaxis._offset + of.yaxis.d2p(now.y[{layer}])]; }})()"
    )


def table_of(browser):
    return browser.ask(
        "[...document.querySelectorAll('#table tbody tr')].map("
        "row => [...row.children].map(cell => cell.textContent))"
    )


# --- it opens -------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_it_opens_without_a_fault_and_fits(browser, page, width, dark):
    browser.open(page, width=width, dark=dark)
    assert browser.faults == []
    assert browser.requests[0] == page.as_uri()
    assert [url for url in browser.requests[1:] if not url.startswith("data:")] == []
    assert browser.ask("document.documentElement.scrollWidth") == width
    paper = browser.ask("getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark
    assert browser.ask("document.getElementById('plane')._fullLayout.paper_bgcolor") == (
        "#14171b" if dark else "#ffffff"
    )


def test_names_are_shown_as_they_are(browser, page):
    browser.open(page)
    assert browser.ask("document.querySelector('h1').textContent") == f"A page of {EVIL}"
    assert [row[0] for row in table_of(browser)] == list(LAYERS)
    assert browser.ask("document.querySelectorAll('[onmouseover]').length") == 0
    browser.point_at(*place_of(browser, 0))
    browser.wait("document.querySelector('#plane .hoverlayer').textContent !== ''")
    assert EVIL in browser.ask("document.querySelector('#plane .hoverlayer').textContent")
    assert browser.faults == []


# --- what it shows --------------------------------------------------------------------------------


def test_the_slider_moves_the_points_to_the_numbers_of_the_csv(browser, page, rows):
    browser.open(page)
    assert points_of(browser) == expected(rows, "training", "mean", 100)
    for place, step in enumerate(STEPS):
        slide(browser, place)
        assert browser.ask("document.getElementById('now').textContent") == str(step)
        assert points_of(browser) == expected(rows, "training", "mean", step)


def test_switches_choose_sample_and_reading(browser, page, rows):
    browser.open(page)
    slide(browser, 2)
    choose(browser, "sample", "held-out")
    assert points_of(browser) == expected(rows, "held-out", "mean", 10)
    choose(browser, "reading", "mixture over copies")
    assert points_of(browser) == expected(rows, "held-out", "mixture", 10)
    assert "hang together" in browser.ask("document.getElementById('absent').textContent")
    assert {row[3] for row in table_of(browser)} == {"not stated"}
    assert browser.faults == []


def test_a_switch_shows_single_copies(browser, page, rows):
    browser.open(page)
    slide(browser, 3)
    for copy in ("2", "0"):
        choose(browser, "copy", copy)
        assert points_of(browser) == expected(rows, "training", "each", 50, copy)
        assert f"copy {copy} alone" in browser.ask("document.getElementById('caption').textContent")
    choose(browser, "sample", "held-out")
    assert points_of(browser) == expected(rows, "held-out", "each", 50, "0")
    choose(browser, "reading", "mixture over copies")
    assert points_of(browser) == expected(rows, "held-out", "mixture", 50)
    choose(browser, "copy", "1")  # of single networks, then
    assert points_of(browser) == expected(rows, "held-out", "each", 50, "1")
    choose(browser, "copy", "all")
    assert points_of(browser) == expected(rows, "held-out", "mean", 50)
    assert browser.faults == []


def test_hovering_says_numbers_chance_bracket_and_verdict(browser, page, rows):
    browser.open(page)
    meanings = {
        "unresolved": "n cannot size this layer",
        "bounded": "from below alone",
        "resolved": "its bracket is narrow",
    }
    seen = set()
    for place, layer in ((4, 2), (0, 0), (2, 1)):
        slide(browser, place)
        browser.point_at(*place_of(browser, layer))
        label = "document.querySelector('#plane .hoverlayer').textContent"
        browser.wait(f"{label}.includes('step {STEPS[place]}I(X;T)')")
        (row,) = [
            row
            for row in rows
            if (row["sample"], row["reading"]) == ("training", "mean")
            and (int(row["epoch"]), row["layer"]) == (STEPS[place], LAYERS[layer])
        ]
        said = browser.ask(label)
        assert f"I(X;T) = {float(row['i_xt_bits']):.3f} bits" in said
        assert f"I(T;Y) = {float(row['i_ty_bits']):.3f} bits" in said
        assert f"chance: {float(row['chance_bits']):.3f}" in said
        lower, upper = (float(row[f"mean_{end}_bits"]) for end in ("lower", "upper"))
        assert f"bracket, in mean: {lower:.3f} to {upper:.3f}" in said
        assert f"{row['verdict']}: {meanings[row['verdict']]}" in said
        seen.add(row["verdict"])
    assert len(seen) > 1


def test_the_table_says_what_is_missing(browser, page, rows):
    browser.open(page)
    slide(browser, 1)
    assert points_of(browser)[1] == [None, None]
    assert table_of(browser)[1] == ["narrow", *["no point"] * 6]
    browser.ask("document.getElementById('all').click()")
    assert len(table_of(browser)[0]) > 10
    why = browser.ask("document.querySelectorAll('#why dd')[1].lastChild.textContent")
    assert why == "not judged: it has no point at epoch 5"


def test_hollow_marks_are_those_that_n_cannot_size(browser, page, rows):
    browser.open(page)
    for place, step in ((0, 0), (4, 100)):
        slide(browser, place)
        verdicts = [
            row["verdict"]
            for row in rows
            if (row["sample"], row["reading"], int(row["epoch"])) == ("training", "mean", step)
        ]
        marks = browser.ask(
            "(() => { const now = document.getElementById('plane').data"
            ".find(t => t.name === 'now').marker; return [now.color, now.symbol]; })()"
        )
        for verdict, color, symbol in zip(verdicts, *marks, strict=True):
            assert (color == "#ffffff") is (verdict in ("unresolved", "bounded"))
            assert symbol.endswith("-dot") is (verdict == "bounded")


def test_curves_and_units_are_drawn(browser, page):
    browser.open(page)
    names = browser.ask("document.getElementById('curves').layout.annotations.map(a => a.text)")
    assert [name.split("   ")[0] for name in names] == [
        "I(X;T), bits",
        "I(T;Y) and chance, bits",
        "accuracy",
        "loss",
    ]
    assert browser.ask("document.getElementById('units').hidden") is False
    assert browser.ask("document.getElementById('unit-layer').value") == EVIL
    assert browser.ask("document.getElementById('map').data[1].z.length") == 3


# --- how it is used -------------------------------------------------------------------------------


def test_it_is_used_by_keyboard(browser, page):
    browser.open(page)
    names = []
    for _ in range(12):
        browser.press("Tab")
        names.append(
            browser.ask(
                "(e => e.id || e.name || e.closest('label')?.textContent || e.tagName)"
                "(document.activeElement)"
            )
        )
    wanted = ["theme", "switch-0", "switch-1", "switch-2", "play", "step", *LAYERS]
    assert [name for name in names if name in wanted or name.endswith("narrow")][:6] == wanted[:6]
    unnamed = "[...document.querySelectorAll('input, select')].filter(e => !e.labels.length).length"
    assert browser.ask(unnamed) == 0
    browser.ask("document.getElementById('step').focus()")
    browser.press("Home")
    assert browser.ask("document.getElementById('now').textContent") == "0"
    browser.press("ArrowRight")
    assert browser.ask("document.getElementById('now').textContent") == "5"
    assert browser.ask("document.getElementById('step').getAttribute('aria-valuetext')") == "step 5"


@pytest.mark.parametrize("width", WIDTHS)
def test_space_plays_to_the_end_and_nothing_shifts(browser, page, width):
    browser.open(page, width=width)
    slide(browser, 0)
    browser.ask(
        "window.shifts = []; new PerformanceObserver(list => window.shifts.push("
        "...list.getEntries().map(e => e.value))).observe({type: 'layout-shift'})"
    )
    heights = (
        "[document.documentElement.scrollHeight, document.getElementById('table').offsetWidth]"
    )
    before = browser.ask(heights)
    ranges = (
        "['xaxis', 'yaxis'].flatMap(a => document.getElementById('plane')._fullLayout[a].range)"
    )
    axes = browser.ask(ranges)
    browser.press(" ", "Space", " ")
    assert browser.ask("document.getElementById('play').textContent") == "Pause"
    browser.wait("document.getElementById('play').textContent === 'Play'")
    assert browser.ask("document.getElementById('now').textContent") == "100"
    assert browser.ask(heights) == before
    assert browser.ask(ranges) == axes
    assert browser.ask("window.shifts") == []
    assert browser.faults == []


def test_light_and_dark_are_switched_by_a_button(browser, page):
    browser.open(page)
    browser.ask("document.getElementById('theme').click()")
    assert browser.ask("document.documentElement.dataset.theme") == "dark"
    assert browser.ask("document.getElementById('theme').textContent") == "Light"
    assert browser.ask("document.getElementById('plane')._fullLayout.paper_bgcolor") == "#14171b"


def test_layers_are_left_out_by_their_box(browser, page):
    browser.open(page)
    browser.ask("document.querySelector('#layers input').click()")
    assert len(points_of(browser)) == 2
    browser.ask("document.querySelector('#layers input').click()")
    assert len(points_of(browser)) == 3
    assert browser.faults == []


def test_the_line_over_the_curves_stands_at_the_step(browser, page):
    browser.open(page)
    for place in (0, 2, 4):
        slide(browser, place)
        apart = browser.ask(
            "(() => { const g = document.getElementById('curves'), of = g._fullLayout.xaxis;"
            f"const x = g.getBoundingClientRect().left + of._offset + of.d2p(g.data[0].x[{place}]);"
            "return document.getElementById('cursor').getBoundingClientRect().left - x; })()"
        )
        assert abs(apart) < 2


def test_a_click_on_a_curve_goes_to_its_step(browser, page):
    browser.open(page)
    browser.ask("document.getElementById('curves').scrollIntoView({block: 'center'})")
    place = browser.ask(
        "(() => { const g = document.getElementById('curves'), r = g.getBoundingClientRect();"
        "const of = g._fullLayout, t = g.data[0];"
        "return [r.left + of.xaxis._offset + of.xaxis.d2p(t.x[3]),"
        "r.top + of.yaxis._offset + of.yaxis.d2p(t.y[3])]; })()"
    )
    browser.click(*place)
    browser.wait("document.getElementById('now').textContent === '50'")


# --- while it is written --------------------------------------------------------------------------


def test_it_renews_itself_while_there_is_news_and_then_stops_and_says_so(browser, tmp_path):
    path = tmp_path / "live.html"
    written = int(time.time())
    of, news = tables()[:1], "document.getElementById('step')?.max"
    write_html(path, short(of, 3), refresh=1)
    browser.open(path)
    # what loads anew every second may be asked amid that: it is waited for
    browser.wait(f"{news} === '2'")
    browser.wait("document.getElementById('stale')?.hidden === true")
    write_html(path, of, refresh=1)
    browser.wait(f"{news} === '4'")
    text = path.read_text(encoding="utf-8")
    told = re.search(r'data-written="(\d+)" data-patience="(\d+)"', text)
    assert int(told[1]) >= written
    path.write_text(text.replace(told[0], f'data-written="{written - 61}" data-patience="60"'))
    browser.wait("document.getElementById('stale')?.hidden === false")
    assert browser.ask("document.getElementById('stale').textContent").startswith("No news since ")
    browser.ask("window.still = true")
    browser.ask("new Promise(done => setTimeout(done, 1500))")
    assert browser.ask("window.still") is True
    assert browser.faults == []


def short(planes, n):
    return [
        replace(plane, epochs=plane.epochs[:n], points=plane.points.map(lambda column: column[:n]))
        for plane in planes
    ]
