"""Puts the experiments into the wheel, inside fastmi: they add no name to an environment.

An editable install finds them beside fastmi, so nothing of them is copied there: what
`force-include` of pyproject.toml names, hatchling copies into both.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Experiments(BuildHookInterface):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["experiments"] = "fastmi/experiments"
