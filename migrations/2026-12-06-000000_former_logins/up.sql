-- The logins that a profile had before. Rows that were listed with them, and the change log, may hold them, so they are
-- blanked like the present one.

CREATE TABLE xtream_former_logins (
    profile_id TEXT NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    username   TEXT NOT NULL,
    password   TEXT NOT NULL,                              -- empty: it was not kept in the cache
    PRIMARY KEY (profile_id, username, password)
) WITHOUT ROWID;
