"""The site: the files of docs/, README, CONTRIBUTING and CHANGELOG where they lie, none copied.

`make site` builds it from the root of the repository, so that a link that holds in one holds in the
other. The theme is furo: every page stands in one list at the left, on a phone as well, and nothing
is fetched from elsewhere.
"""

import re

from sphinx.application import Sphinx

import fastmi

project = "fastmi"
author = "The fastmi authors"
project_copyright = "2026, The fastmi authors"
version = release = fastmi.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
]
root_doc = "docs/index"
include_patterns = ["docs/**", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
exclude_patterns = [".*", "site", "results", "**/__pycache__"]

myst_heading_anchors = 4
smartquotes = False  # "training" is a string
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_mock_imports = ["lightning", "transformers"]
default_role = "code"
nitpicky = True
suppress_warnings = ["toc.not_included"]  # a page for each case would fill the list of all pages
nitpick_ignore_regex = [("py:.*", r"(?!fastmi).*"), ("py:.*", r"fastmi\.(?!measures).*\..*")]

html_theme = "furo"
html_title = "fastmi"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "start.html"}
templates_path = ["_templates"]
html_show_sourcelink = False
html_copy_source = False

SECTIONS = ("Args", "Returns", "Raises", "Warns", "Attributes", "Yields", "Example", "Source")
LISTS = ("Args", "Raises", "Warns", "Attributes")
MARK = re.compile(r"`[^`]*`|[*|\\]|(?<=\w)_(?!\w)")  # the last are reStructuredText's own
NAMES = re.compile(r"^([\w, ]+):")


def rest(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Makes reStructuredText of a docstring of the house, in place.

    Sections get a rubric; those of names a list, each line that is not further in being an item;
    formulas stand as they are. (napoleon would take what a property does for its type.)
    """
    out, section = list[str](), ""
    for line in lines:
        if line.endswith(":") and line[:-1] in SECTIONS:
            section = line[:-1]
            out += ["", f".. rubric:: {section}", ""]
        elif section == "Example" or not line.strip():
            out.append(line.removeprefix("    "))
        else:
            text = MARK.sub(lambda mark: mark[0] if mark[0][0] == "`" else f"\\{mark[0]}", line)
            if section in LISTS:
                inner = text.removeprefix("    ")
                bold = NAMES.sub(r"**\1**:", inner)
                out.append(f"  {inner.strip()}" if inner[0] == " " else f"- {bold}")
            else:
                out.append(text.strip() if section else text)
    lines[:] = out


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-docstring", rest)
