"""The tables of state.db, as version 1 of the database has them.

`events` is what happened, append-only; every other table is what it folds into. An entity's row has the columns
that are searched, and the whole value as JSON in `data` (`core.codec`). A later version changes nothing here: it adds
a step to `migrations`.
"""

from __future__ import annotations

# "Orch", so that another program's database in our place is recognised (`PRAGMA application_id`).
APPLICATION_ID = 0x4F726368

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE events (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, run TEXT NOT NULL, epoch INTEGER NOT NULL, type TEXT NOT NULL,
  group_id TEXT NOT NULL, unit TEXT NOT NULL, attempt TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX events_run ON events (run, seq);
CREATE INDEX events_type ON events (group_id, type, seq);

CREATE TABLE runs (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL, seq INTEGER NOT NULL, started_at REAL NOT NULL,
  data TEXT NOT NULL
);

CREATE TABLE groups (
  id TEXT PRIMARY KEY, run TEXT NOT NULL, ord INTEGER NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL,
  title TEXT NOT NULL, path TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX groups_run ON groups (run);
CREATE INDEX groups_list ON groups (ord, id);

CREATE TABLE units (
  id TEXT PRIMARY KEY, run TEXT NOT NULL, group_id TEXT NOT NULL, ord INTEGER NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, commit_id TEXT NOT NULL, brief TEXT NOT NULL, data TEXT NOT NULL
);
CREATE INDEX units_run ON units (run);
-- `status` reads every unit: it never leaves this index, whose rows are a tenth of the table's.
CREATE INDEX units_list ON units (group_id, ord, id, brief);
CREATE INDEX units_live ON units (status) WHERE status = 'in-progress';

-- How many units of a group have each status, so that a summary costs groups and not units.
CREATE TABLE unit_counts (
  group_id TEXT NOT NULL, status TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (group_id, status)
) WITHOUT ROWID;
CREATE TRIGGER units_added AFTER INSERT ON units BEGIN
  INSERT INTO unit_counts VALUES (new.group_id, new.status, 1)
    ON CONFLICT (group_id, status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER units_removed AFTER DELETE ON units BEGIN
  UPDATE unit_counts SET n = n - 1 WHERE group_id = old.group_id AND status = old.status;
END;
CREATE TRIGGER units_moved AFTER UPDATE OF status, group_id ON units
WHEN old.status <> new.status OR old.group_id <> new.group_id BEGIN
  UPDATE unit_counts SET n = n - 1 WHERE group_id = old.group_id AND status = old.status;
  INSERT INTO unit_counts VALUES (new.group_id, new.status, 1)
    ON CONFLICT (group_id, status) DO UPDATE SET n = n + 1;
END;

CREATE TABLE attempts (
  run TEXT NOT NULL, id TEXT NOT NULL, group_id TEXT NOT NULL, unit TEXT NOT NULL, step TEXT NOT NULL,
  started_at REAL NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, id)
);
CREATE INDEX attempts_id ON attempts (id);
CREATE INDEX attempts_unit ON attempts (unit);
CREATE INDEX attempts_group ON attempts (group_id);

CREATE TABLE findings (
  run TEXT NOT NULL, id TEXT NOT NULL, group_id TEXT NOT NULL, status TEXT NOT NULL, severity TEXT NOT NULL,
  data TEXT NOT NULL, PRIMARY KEY (run, id)
);
CREATE INDEX findings_group ON findings (group_id);

CREATE TABLE decisions (
  run TEXT NOT NULL, id TEXT NOT NULL, group_id TEXT NOT NULL, gate TEXT NOT NULL, pending INTEGER NOT NULL,
  data TEXT NOT NULL, PRIMARY KEY (run, id)
);
CREATE INDEX decisions_pending ON decisions (run) WHERE pending = 1;
CREATE INDEX decisions_group ON decisions (group_id);

-- A row stays when its lease is released: epochs never go down.
CREATE TABLE leases (
  group_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, token TEXT NOT NULL, held INTEGER NOT NULL,
  heartbeat_at REAL NOT NULL, data TEXT NOT NULL
);
-- Every holder this database knew: what tells a `Locked-By` of ours that is out of date from a foreign one.
CREATE TABLE holders (
  group_id TEXT NOT NULL, epoch INTEGER NOT NULL, holder TEXT NOT NULL, PRIMARY KEY (group_id, epoch)
) WITHOUT ROWID;

CREATE TABLE receipts (
  seq INTEGER PRIMARY KEY, run TEXT NOT NULL, group_id TEXT NOT NULL, unit TEXT NOT NULL, attempt TEXT NOT NULL,
  name TEXT NOT NULL, command TEXT NOT NULL, tree TEXT NOT NULL, exit_code INTEGER, data TEXT NOT NULL
);
CREATE INDEX receipts_tree ON receipts (tree, name);
CREATE INDEX receipts_run ON receipts (run);
CREATE INDEX receipts_group ON receipts (group_id);
CREATE INDEX receipts_unit ON receipts (unit);

CREATE TABLE usage (
  seq INTEGER PRIMARY KEY, run TEXT NOT NULL, group_id TEXT NOT NULL, unit TEXT NOT NULL, attempt TEXT NOT NULL,
  input INTEGER NOT NULL, output INTEGER NOT NULL, cost_usd REAL NOT NULL
);
CREATE INDEX usage_run ON usage (run);
CREATE INDEX usage_group ON usage (group_id);
CREATE INDEX usage_unit ON usage (unit);
"""
