"""views -> one HTML file to look around in: it holds all that it draws, and asks no network."""

from fastmi.pages.document import check_plotly, html, write
from fastmi.pages.records import Column, Curve, Page, View

__all__ = ["Column", "Curve", "Page", "View", "check_plotly", "html", "write"]
