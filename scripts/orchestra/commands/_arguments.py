"""Arguments of several commands, as argparse takes them."""

from __future__ import annotations

import argparse


def named(text: str) -> str:
    """A name or path. An empty one, such as a script's variable that was never set, must not stand for all."""
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty text names nothing; leave it out to mean all")
    return text
