-- Entries of undos go: the version before doesn't know the word.
CREATE TABLE xtream_changes_old (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL,
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER,
    change     TEXT    NOT NULL CHECK (change IN ('loaded', 'added', 'updated', 'removed')),
    fields     TEXT,
    returned   INTEGER NOT NULL DEFAULT 0
);
INSERT INTO xtream_changes_old SELECT sequence, run_id, profile_id, kind, content_id, change, fields, returned
    FROM xtream_changes WHERE change <> 'undone' ORDER BY sequence;
INSERT INTO sqlite_sequence (name, seq) SELECT 'xtream_changes_old', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'xtream_changes_old');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'xtream_changes'), 0))
    WHERE name = 'xtream_changes_old';
DROP TABLE xtream_changes;
ALTER TABLE xtream_changes_old RENAME TO xtream_changes;
CREATE INDEX xtream_changes_by_profile ON xtream_changes (profile_id, sequence);

CREATE TABLE xtream_tombstones_old (
    profile_id      TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind            TEXT    NOT NULL,
    content_id      INTEGER NOT NULL,
    name            TEXT    NOT NULL,
    removed_at      INTEGER NOT NULL,
    run_id          INTEGER NOT NULL,
    successor_id    INTEGER,
    item_created_at INTEGER,
    PRIMARY KEY (profile_id, kind, content_id)
) WITHOUT ROWID;
INSERT INTO xtream_tombstones_old
    SELECT profile_id, kind, content_id, name, removed_at, run_id, successor_id, item_created_at
      FROM xtream_tombstones WHERE parent = 0;
DROP TABLE xtream_tombstones;
ALTER TABLE xtream_tombstones_old RENAME TO xtream_tombstones;

ALTER TABLE xtream_profiles DROP COLUMN feed_epoch;
ALTER TABLE xtream_profiles DROP COLUMN feed_floor;
ALTER TABLE xtream_profiles DROP COLUMN feed_since;
ALTER TABLE xtream_sync_settings DROP COLUMN feed_days;
ALTER TABLE xtream_sync_settings DROP COLUMN feed_entries;
ALTER TABLE xtream_sync_runs DROP COLUMN started_by;
ALTER TABLE xtream_sync_runs DROP COLUMN duration_ms;
ALTER TABLE xtream_sync_runs DROP COLUMN error_code;
ALTER TABLE xtream_sync_runs DROP COLUMN error_message;
ALTER TABLE xtream_sync_run_kinds DROP COLUMN watermark_before;
ALTER TABLE xtream_sync_run_kinds DROP COLUMN undo;
DROP TABLE xtream_row_ids;
