"""Supervised programs that survive their supervisor."""

from .environment import clean_env
from .marker import Ended
from .run import GRACE_S, OUTPUT_LIMIT, Job, abandon, run, sh, stop
from .run import alive_in as alive
from .thread import in_thread
from .tree import Tree, kill_tree

__all__ = [
    "GRACE_S",
    "OUTPUT_LIMIT",
    "Ended",
    "Job",
    "Tree",
    "abandon",
    "alive",
    "clean_env",
    "in_thread",
    "kill_tree",
    "run",
    "sh",
    "stop",
]
