#!/usr/bin/env python3
"""The older tool's script of this name, carried out by Orchestra. Any Python 3 will do."""

import os
import sys
from pathlib import Path

launcher = Path(__file__).resolve().parent.parent / "bin" / "orchestra"
os.execv("/bin/sh", ["sh", str(launcher), "sequential_loop.py", *sys.argv[1:]])
