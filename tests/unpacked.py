"""What lies packed in a page, read as any reader could: base64, gzip, JSON."""

import base64
import gzip
import json
import re


def unpacked(text, name="data"):
    """What a page's script draws; or the other script that is packed there, "plotly"."""
    (packed,) = re.findall(rf'<script id="{name}" type="application/gzip">([^<]*)</script>', text)
    raw = gzip.decompress(base64.b64decode(packed)).decode()
    return json.loads(raw) if name == "data" else raw


def view_of(data, *choice):
    """The view of a choice, the value of each switch in order."""
    (view,) = [view for view in data["views"] if view["choice"] == list(choice)]
    return view
