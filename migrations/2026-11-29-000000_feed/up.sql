-- The change log as a feed: with values, an epoch, and what an undo needs. The log and the tombstones are
-- rebuilt, because a check and a key can't change in place; every row and every sequence stays.

CREATE TABLE xtream_changes_new (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL,                           -- 0: deleted by hand
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER,
    change     TEXT    NOT NULL CHECK (change IN ('loaded', 'added', 'updated', 'removed', 'undone')),
    fields     TEXT,                                       -- comma-separated names, for `updated`
    returned   INTEGER NOT NULL DEFAULT 0,                 -- 1: `added`, and known from before its removal
    parent     INTEGER NOT NULL DEFAULT 0,                 -- the series of an episode; 0 for everything else
    at         INTEGER NOT NULL DEFAULT 0,                 -- when it was written
    name       TEXT,                                       -- of the item; NULL in entries of earlier versions, which have no values
    before     TEXT,                                       -- JSON object of columns: of `updated` the values before, of `removed` the whole row
    after      TEXT,                                       -- JSON object of columns: of `updated` the values after
    taken_back TEXT                                        -- of `undone`: the change that was taken back
);
INSERT INTO xtream_changes_new (sequence, run_id, profile_id, kind, content_id, change, fields, returned, at)
    SELECT c.sequence, c.run_id, c.profile_id, c.kind, c.content_id, c.change, c.fields, c.returned,
           coalesce(r.finished_at, r.started_at, unixepoch())
      FROM xtream_changes c LEFT JOIN xtream_sync_runs r ON r.id = c.run_id
     ORDER BY c.sequence;
-- Sequences go on behind the highest that there ever was, also where its entry is gone.
INSERT INTO sqlite_sequence (name, seq) SELECT 'xtream_changes_new', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'xtream_changes_new');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'xtream_changes'), 0))
    WHERE name = 'xtream_changes_new';
DROP TABLE xtream_changes;
ALTER TABLE xtream_changes_new RENAME TO xtream_changes;
CREATE INDEX xtream_changes_by_profile ON xtream_changes (profile_id, sequence);

CREATE TABLE xtream_tombstones_new (
    profile_id      TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    content_id      INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    removed_at      INTEGER NOT NULL,
    run_id          INTEGER NOT NULL,
    successor_id    INTEGER,                               -- as of the removal
    item_created_at INTEGER,                               -- the row's `created_at`, which a returning item gets back
    parent          INTEGER NOT NULL DEFAULT 0,            -- the series of an episode; 0 for everything else
    PRIMARY KEY (profile_id, kind, parent, content_id)
) WITHOUT ROWID;
INSERT INTO xtream_tombstones_new (profile_id, kind, content_id, name, removed_at, run_id, successor_id, item_created_at)
    SELECT profile_id, kind, content_id, name, removed_at, run_id, successor_id, item_created_at FROM xtream_tombstones;
DROP TABLE xtream_tombstones;
ALTER TABLE xtream_tombstones_new RENAME TO xtream_tombstones;

ALTER TABLE xtream_profiles ADD COLUMN feed_epoch INTEGER NOT NULL DEFAULT 0;  -- random, never reused: positions in the log are of one epoch
ALTER TABLE xtream_profiles ADD COLUMN feed_floor INTEGER NOT NULL DEFAULT 0;  -- the sequence up to which nothing can be read any more
ALTER TABLE xtream_profiles ADD COLUMN feed_since INTEGER NOT NULL DEFAULT 0;  -- no entry ages before
UPDATE xtream_profiles SET feed_epoch = max(1, random() & 9223372036854775807), feed_since = unixepoch();

ALTER TABLE xtream_sync_settings ADD COLUMN feed_days INTEGER NOT NULL DEFAULT 90;          -- how long entries of the log are kept
ALTER TABLE xtream_sync_settings ADD COLUMN feed_entries INTEGER NOT NULL DEFAULT 500000;   -- and how many at most

ALTER TABLE xtream_sync_runs ADD COLUMN started_by TEXT NOT NULL DEFAULT 'unknown';  -- `manual`, `schedule`, `once_due`, `undo`, `change_set`, `library`
ALTER TABLE xtream_sync_runs ADD COLUMN duration_ms INTEGER;
ALTER TABLE xtream_sync_runs ADD COLUMN error_code TEXT;     -- of the first error
ALTER TABLE xtream_sync_runs ADD COLUMN error_message TEXT;

-- What an undo of the run puts back besides the rows.
ALTER TABLE xtream_sync_run_kinds ADD COLUMN watermark_before INTEGER;
ALTER TABLE xtream_sync_run_kinds ADD COLUMN undo TEXT;      -- JSON object: categories, held removals and tombstones of before

-- The highest number that a row of a kind ever had, where it isn't that of a row: an undo may bring the row back.
CREATE TABLE xtream_row_ids (
    kind    TEXT    PRIMARY KEY NOT NULL,
    highest INTEGER NOT NULL
) WITHOUT ROWID;
