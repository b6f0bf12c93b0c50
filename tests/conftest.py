"""Settings of the whole suite."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Nothing in the suite is timed, and a busy machine is no failure. A red build must be red again when it is run again:
# what is searched for anew each time is searched for by people.
settings.register_profile("orchestra", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("orchestra")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have counted (`record_property("counted", …)`): workers of xdist cannot print themselves."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(str(value))
