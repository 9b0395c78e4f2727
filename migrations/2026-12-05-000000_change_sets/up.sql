-- The content hash of each kind, at each position of the feed where it changed, and the identity of the panel. Caches of
-- before have no hashes: the first export makes them.

CREATE TABLE xtream_content_hashes (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,                           -- the newest entry of the feed when it became so
    hash       TEXT,                                       -- 32 hexadecimal digits; NULL: not known
    moves      TEXT,                                       -- the items that moved in the order: a JSON array of ids, or `"whole"`
    PRIMARY KEY (profile_id, kind, sequence)
) WITHOUT ROWID;

-- The hashes of rows that hold the login of the profile: without it, they are those of a row with a placeholder.
CREATE TABLE xtream_login_hashes (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER NOT NULL,
    hash       TEXT    NOT NULL,
    PRIMARY KEY (profile_id, kind, content_id)
) WITHOUT ROWID;

ALTER TABLE xtream_profiles ADD COLUMN panel_identity TEXT;  -- random: 32 hexadecimal digits; made at the first export
