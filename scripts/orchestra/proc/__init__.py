"""Supervised programs that survive their supervisor."""

from .cgroup import tidy
from .environment import clean_env
from .identity import age_s
from .marker import Ended
from .run import GRACE_S, OUTPUT_LIMIT, Job, abandon, condemn, run, running, sh, stop
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
    "age_s",
    "alive",
    "clean_env",
    "condemn",
    "in_thread",
    "kill_tree",
    "run",
    "running",
    "sh",
    "stop",
    "tidy",
]
