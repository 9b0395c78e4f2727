-- What panels call the versions of their listings, so that one that is still the same need not be
-- sent again. Only a new column and a new table: no row is touched.

-- Of the last listing of a kind, where the panel gave one and the listing left nothing open. Written
-- with the items it stands for, and gone with whatever else changes them.
CREATE TABLE xtream_listing_validators (
    profile_id    TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind          TEXT    NOT NULL,
    validator     TEXT    NOT NULL,                        -- only its source understands it
    scheme        INTEGER NOT NULL,                        -- how the digests were made
    change_policy TEXT    NOT NULL,                        -- under which it was compared
    listed_at     INTEGER NOT NULL,                        -- when it was last received as a whole
    rows          INTEGER NOT NULL,                        -- of the kind, that it left
    PRIMARY KEY (profile_id, kind)
) WITHOUT ROWID;

ALTER TABLE xtream_sync_run_kinds ADD COLUMN not_modified INTEGER NOT NULL DEFAULT 0;  -- 1: the panel said so, and sent no listing
