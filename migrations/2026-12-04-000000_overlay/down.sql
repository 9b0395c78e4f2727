-- Edits and rules go, and so do entries of ended edits: the version before doesn't know the words.
DROP VIEW xtream_channels_shown;
DROP VIEW xtream_movies_shown;
DROP VIEW xtream_series_shown;
DROP TABLE xtream_edits;
DROP TABLE xtream_edited_items;
DROP TABLE xtream_shown;
DROP TABLE xtream_filters;
DROP TABLE xtream_filter_rules;
DROP TABLE xtream_rewrite_rules;

CREATE TABLE xtream_changes_old (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL,
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER,
    change     TEXT    NOT NULL CHECK (change IN ('loaded', 'added', 'updated', 'removed', 'undone')),
    fields     TEXT,
    returned   INTEGER NOT NULL DEFAULT 0,
    parent     INTEGER NOT NULL DEFAULT 0,
    at         INTEGER NOT NULL DEFAULT 0,
    name       TEXT,
    before     TEXT,
    after      TEXT,
    taken_back TEXT
);
INSERT INTO xtream_changes_old (sequence, run_id, profile_id, kind, content_id, change, fields, returned, parent, at, name,
                                before, after, taken_back)
    SELECT sequence, run_id, profile_id, kind, content_id, change, fields, returned, parent, at, name, before, after,
           taken_back
      FROM xtream_changes WHERE change NOT IN ('converged', 'overruled') ORDER BY sequence;
INSERT INTO sqlite_sequence (name, seq) SELECT 'xtream_changes_old', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'xtream_changes_old');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'xtream_changes'), 0))
    WHERE name = 'xtream_changes_old';
DROP TABLE xtream_changes;
ALTER TABLE xtream_changes_old RENAME TO xtream_changes;
CREATE INDEX xtream_changes_by_profile ON xtream_changes (profile_id, sequence);
