"""Numbers of milestones: one that a run has carried out is spent, also when its folder is gone."""

from __future__ import annotations

from orchestra.plans.values import group_id
from orchestra.project import Project


def spent(here: Project) -> frozenset[int]:
    """The numbers that the state remembers: a new milestone under one of them would count as that one."""
    if not here.state_path.exists():
        return frozenset()
    from orchestra.state.store import Store

    with Store.open(here.state_path, readonly=True) as store:
        ids = [str(id_) for (id_,) in store.query("SELECT id FROM groups")]
    return frozenset(int(id_[1:]) for id_ in ids if group_id(id_) == id_)
