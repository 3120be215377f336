"""Configuration of the documentation: Sphinx with MyST and furo. `scripts/docs` builds it."""

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

import generate  # noqa: E402

import dropout_lab  # noqa: E402

project = "dropout-lab"
author = "The dropout-lab developers"
copyright = "2026, the dropout-lab developers"
version = release = dropout_lab.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "dropout-lab"
html_static_path: list[str] = []
exclude_patterns = ["_build", "generated/*.txt"]
# Paths to files of the repository are written for readers on the web page of the repository.
suppress_warnings = ["myst.xref_missing"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
copybutton_exclude = ".linenos, .gp"


def setup(app: object) -> None:
    """Write the generated pages before Sphinx reads the sources."""
    generate.write_pages(DOCS)
