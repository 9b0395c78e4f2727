-- Kinds in which a check has found something that doesn't fit. The next sync compares every item
-- and mends; what was found stays noted, and the history before that run is not complained of again.
CREATE TABLE xtream_doubts (
    profile_id  TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL,
    found_at    INTEGER NOT NULL,
    findings    TEXT    NOT NULL,                          -- codes, comma-separated
    settled_run INTEGER,                                   -- the run that compared everything; NULL while it is to be done
    PRIMARY KEY (profile_id, kind)
) WITHOUT ROWID;
