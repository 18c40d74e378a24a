"""Every link within the project resolves: files and headings. None is fetched.

`python -m tests.test_links` lists those that lead outside.
"""

from __future__ import annotations

import pytest

from tests.links import anchors, faults, links, outside, pages, site_faults

PAGES = pages()


def test_every_link_within_the_project_resolves():
    assert faults(PAGES) == []


def test_all_pages_were_read():
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/glossary.md"} <= set(PAGES)
    assert len([name for name in PAGES if name.startswith("docs/")]) >= 20
    inner = [link for page, text in PAGES.items() for link in links(page, text)]
    assert len(inner) >= 100
    assert sum("#" in link.target for link in inner) >= 30


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("[x](nowhere.md)", "nowhere.md is not there"),
        ("[x](faq.md#no-such-question)", "faq.md#no-such-question has no such heading"),
        ("[x](#no-such-place)", "#no-such-place has no such heading"),
        ("![x](reading-a-plane/none.png)", "reading-a-plane/none.png is not there"),
        ('<img src="none.png" alt="">', "none.png is not there"),
        ("[x]\n\n[x]: none.md", "none.md is not there"),
        ("[x](../../elsewhere.md)", "../../elsewhere.md leads out of the project"),
        ("[x](/docs/faq.md)", "/docs/faq.md leads out of the project"),
        ("[`a`](none.md)", "none.md is not there"),
        ("[a\nb](none.md)", "none.md is not there"),
        ("```\n[x](quoted.md)\n```\n\n[x](none.md)", "none.md is not there"),
    ],
)
def test_a_planted_fault_is_caught(link, fault):
    planted = {**PAGES, "docs/glossary.md": f"{PAGES['docs/glossary.md']}\n\n{link}\n"}
    assert faults(planted) == [f"docs/glossary.md: {fault}"]


@pytest.mark.parametrize(
    "text",
    [
        "`[x](none.md)`",
        "```md\n[x](none.md)\n```",
        "<!-- [x](none.md) -->",
        "[x](https://example.org/none.md)",
        "[x](mailto:none@example.org)",
        "[x](faq.md#is-compression-real)",
        "[x](#mean_lower)",
    ],
)
def test_what_is_no_fault_is_none(text):
    assert faults({**PAGES, "docs/glossary.md": f"{PAGES['docs/glossary.md']}\n\n{text}\n"}) == []


def test_a_page_that_goes_leaves_a_fault():
    assert any("faq.md" in fault for fault in faults({**PAGES, "docs/faq.md": ""}))


def test_anchors_are_those_of_a_repository_s_view():
    text = (
        "# A `b` c?\n## I(T;Y): x, y\n## I(T;Y): x, y\n```\n# no\n```\n### [L](x.md) _u_\n(p-q)=\n"
    )
    assert anchors(text) == {"a-b-c", "ity-x-y", "ity-x-y-1", "l-_u_", "p-q"}


def test_outside_links_are_listed_with_their_pages():
    texts = {"a.md": "[x](https://x.org/a) <https://y.org>", "b.md": "see https://x.org/a."}
    assert outside(texts) == {"https://x.org/a": ["a.md", "b.md"], "https://y.org": ["a.md"]}
    assert len(outside(PAGES)) >= 2


def test_of_a_built_site_what_leads_nowhere_is_found(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/a.css").touch()
    (tmp_path / "docs/b c.html").write_text('<p id="here"></p>')
    (tmp_path / "index.html").write_text(
        '<a href="docs/b%20c.html#here"></a><link href="_static/a.css?v=1"><a href="#top"></a>'
        '<i id="top"></i><a href="https://x.org/none"></a><script>src="none"</script>'
    )
    assert site_faults(tmp_path) == (3, [])
    (tmp_path / "docs/d.html").write_text(
        '<img src="none.png"><a href="b%20c.html#gone"></a><a href="../index.html#top"></a>'
    )
    assert site_faults(tmp_path) == (
        6,
        ["docs/d.html: none.png", "docs/d.html: b%20c.html#gone"],
    )


if __name__ == "__main__":
    for target, named_by in outside(PAGES).items():
        print(target, *named_by)
