"""views -> one HTML file to look around in: it holds all that it draws, and asks no network."""

from fastmi.pages.document import check_plotly, html, write
from fastmi.pages.records import Column, Curve, Page, Renewal, View

__all__ = ["Column", "Curve", "Page", "Renewal", "View", "check_plotly", "html", "write"]
