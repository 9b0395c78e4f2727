-- Further addresses of a panel, and settings without a column. Only new tables: no row is touched, and the settings that
-- have a column stay in it.

-- Position 1 follows `base_url` of `xtream_profiles`.
CREATE TABLE xtream_profile_addresses (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    address    TEXT    NOT NULL,                           -- without credentials
    PRIMARY KEY (profile_id, position)
) WITHOUT ROWID;

-- A setting without a row has its default. A key that a program doesn't know is left alone by it.
CREATE TABLE xtream_profile_settings (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    key        TEXT    NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (profile_id, key)
) WITHOUT ROWID;
