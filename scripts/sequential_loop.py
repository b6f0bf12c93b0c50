#!/usr/bin/env python3
"""Carries a Kiro spec out, one unit at a time, with the flags of the older tool's script. Any Python 3 will do."""

import os
import sys
from pathlib import Path

launcher = Path(__file__).resolve().parent.parent / "bin" / "orchestra"
os.execv("/bin/sh", ["sh", str(launcher), "sequential_loop.py", *sys.argv[1:]])
