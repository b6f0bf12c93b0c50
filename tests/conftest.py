"""Settings of the whole suite."""

from __future__ import annotations

import os

from hypothesis import settings

# A red build must be red again when it is run again: what is searched for anew each time is searched for by people.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
