"""Links of the project's pages: what they point at, and whether it is there.

`python -m tests.links SITE` asks it of a site that was built.
"""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote

from tests import ROOT

FOLDERS = ("docs", "benchmarks", "experiments", "tests")
FENCE = re.compile(r"^( *)(`{3,}|~{3,}).*?^\1\2`*~* *$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
LINK = re.compile(r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\))?)>?(?:\s+\"[^\"]*\")?\s*\)")
TAG = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"")
DEFINITION = re.compile(r"^ {0,3}\[[^\]]+\]: *<?(\S+?)>?(?: .*)?$", re.MULTILINE)
AUTOMATIC = re.compile(r"<(https?://[^>\s]+)>|(?<![\w(<\"])(https?://[^\s)>\"`]+[^\s)>\"`.,;])")
SCRIPT = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
REFERENCE = re.compile(r"\b(?:href|src)=\"([^\"]*)\"")
NAME = re.compile(r"\bid=\"([^\"]+)\"")
SCHEME = re.compile(r"[a-z][a-z+.-]*:|//", re.IGNORECASE)
HEADING = re.compile(r"^(#{1,6}) +(.*?)#* *$", re.MULTILINE)
NAMED = re.compile(r"<a (?:id|name)=\"([^\"]+)\"|^\(([\w-]+)\)=$", re.MULTILINE)
OUTSIDE = re.compile(r"(?:[a-z]+:)?//|mailto:", re.IGNORECASE)


class Link(NamedTuple):
    page: str
    target: str


def pages(root: Path = ROOT) -> dict[str, str]:
    """Name -> Markdown, of all pages; of a notebook its cells of prose."""
    found = [*root.glob("*.md")]
    for folder in FOLDERS:
        found += [*(root / folder).rglob("*.md"), *(root / folder).rglob("*.ipynb")]
    return {
        path.relative_to(root).as_posix(): prose(path)
        for path in sorted(found)
        if not any(part.startswith((".", "_")) for part in path.relative_to(root).parts)
    }


def prose(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text)["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def links(page: str, text: str) -> Iterator[Link]:
    """All links of a page; what stands in code is none."""
    plain = CODE.sub("", COMMENT.sub("", FENCE.sub("", text)))
    for pattern in (LINK, TAG, DEFINITION):
        yield from (Link(page, target) for target in pattern.findall(plain))
    bare = DEFINITION.sub("", LINK.sub("", plain))
    yield from (Link(page, first or second) for first, second in AUTOMATIC.findall(bare))


def anchors(text: str) -> set[str]:
    """Anchors of a page: its headings as a repository's view and MyST name them, and named places.

    Letters in lower case, spaces as hyphens, without other marks; the second of a name is -1.
    """
    text = FENCE.sub("", text)
    found: dict[str, int] = {}
    for _, heading in HEADING.findall(text):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower().strip()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        times = found[slug] = found.get(slug, -1) + 1
        if times:
            found[f"{slug}-{times}"] = 0
    return set(found) | {a or b for a, b in NAMED.findall(text)}


def faults(texts: Mapping[str, str], root: Path = ROOT) -> list[str]:
    """Every link within the project that leads nowhere."""
    out = []
    for page, text in texts.items():
        for _, target in links(page, text):
            if OUTSIDE.match(target):
                continue
            name, _, anchor = target.partition("#")
            path = normal(PurePosixPath(page).parent / name) if name else page
            if path is None or name.startswith("/"):
                out.append(f"{page}: {target} leads out of the project")
            elif not (path in texts or (root / path).exists()):
                out.append(f"{page}: {target} is not there")
            elif anchor and anchor not in anchors(texts.get(path, "")):
                out.append(f"{page}: {target} has no such heading")
    return out


def normal(path: PurePosixPath) -> str | None:
    """The path without "..", or None where it leads out of the project."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def outside(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """Addresses outside the project -> the pages that name them."""
    found: dict[str, list[str]] = {}
    for page, text in texts.items():
        for _, target in links(page, text):
            if OUTSIDE.match(target):
                found.setdefault(target, []).append(page)
    return {target: list(dict.fromkeys(found[target])) for target in sorted(found)}


def site_faults(site: Path) -> tuple[int, list[str]]:
    """How many links of a built site stay within it, and those that lead nowhere."""
    texts = {
        path.resolve(): SCRIPT.sub("", path.read_text(encoding="utf-8"))
        for path in site.rglob("*.html")
        if "_static" not in path.relative_to(site).parts
    }
    names = {path: set(NAME.findall(text)) for path, text in texts.items()}
    count, out = 0, []
    for path, text in texts.items():
        for found in REFERENCE.findall(text):
            target = html.unescape(found)
            if SCHEME.match(target):
                continue
            count += 1
            name, _, anchor = target.partition("#")
            other = (path.parent / unquote(name.partition("?")[0])).resolve() if name else path
            if not other.exists() or (anchor and anchor not in names.get(other, {anchor})):
                out.append(f"{path.relative_to(site.resolve())}: {target}")
    return count, out


if __name__ == "__main__":
    n_links, broken = site_faults(Path(sys.argv[1]))
    print(f"{n_links:,} links within the site, {len(broken)} lead nowhere", *broken, sep="\n  ")
    sys.exit(bool(broken) or not n_links)
