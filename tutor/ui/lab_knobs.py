"""The knobs of a lab as the learner set them last: kept between runs, and with the progress between starts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from labs.lab import KnobError, Lab
from tutor.ui.desk import Desk


class Knobs:
    """`values` are those that are not at their default."""

    def __init__(self, lab: Lab, desk: Desk) -> None:
        self._lab = lab
        self._desk = desk
        self._defaults = {knob.name: knob.default for knob in lab.knobs}
        self.values = self._remembered()

    def _remembered(self) -> dict[str, str]:
        """What was kept, as far as the lab still takes it."""
        try:
            kept = json.loads(self._desk.setting(self._setting, "{}"))
        except ValueError:
            return {}
        knobs = {}
        for name, value in kept.items() if isinstance(kept, dict) else ():
            try:
                self._lab.knob(name).parse(value)
            except (KnobError, AttributeError, TypeError):  # gone, of another range, or no text
                continue
            knobs[name] = value
        return knobs

    @property
    def _setting(self) -> str:
        return f"knobs:{self._lab.name}"

    def turn(self, turned: Mapping[str, str]) -> None:
        """Set some of them, whose values their knobs take."""
        values = {**self._defaults, **self.values, **turned}
        self.values = {name: value for name, value in values.items() if value != self._defaults[name]}
        self._desk.keep_setting(self._setting, json.dumps(self.values))
