-- What a panel is known for, what is proved of held removals so far, and by what a removed item is
-- recognised when it returns. Only new columns and a new table: no row is touched.

-- The first sound listing that missed the item. All three are NULL while there was none.
ALTER TABLE xtream_held_removals ADD COLUMN evidence_listing INTEGER;        -- its number, counted as the fact `sound_listings`
ALTER TABLE xtream_held_removals ADD COLUMN evidence_since INTEGER;          -- when it was compared
ALTER TABLE xtream_held_removals ADD COLUMN evidence_panel_since INTEGER;    -- the panel's clock at its start
ALTER TABLE xtream_held_removals ADD COLUMN successor_id INTEGER;            -- the id under which the panel seems to list it now

ALTER TABLE xtream_tombstones ADD COLUMN successor_id INTEGER;               -- as of the removal
ALTER TABLE xtream_tombstones ADD COLUMN item_created_at INTEGER;            -- the row's `created_at`, which a returning item gets back

-- A returned item stays `added` for whoever reads the log: the check of `change` can't grow without
-- rewriting the table.
ALTER TABLE xtream_changes ADD COLUMN returned INTEGER NOT NULL DEFAULT 0;   -- 1: `added`, and known from before its removal

ALTER TABLE xtream_sync_settings ADD COLUMN removal_category_rows INTEGER NOT NULL DEFAULT 20;  -- so many rows of a category don't vanish at once; 0 looks at none
ALTER TABLE xtream_sync_settings ADD COLUMN release_listings INTEGER NOT NULL DEFAULT 3;        -- so many sound listings release what is held
ALTER TABLE xtream_sync_settings ADD COLUMN release_days INTEGER NOT NULL DEFAULT 7;            -- over at least so many days
ALTER TABLE xtream_sync_settings ADD COLUMN tombstone_days INTEGER NOT NULL DEFAULT 30;         -- how long what was removed is remembered
ALTER TABLE xtream_sync_settings ADD COLUMN parallel_requests INTEGER NOT NULL DEFAULT 1;       -- requests under way at once
ALTER TABLE xtream_sync_settings ADD COLUMN verify_tls INTEGER NOT NULL DEFAULT 1;
ALTER TABLE xtream_sync_settings ADD COLUMN follow_other_hosts INTEGER NOT NULL DEFAULT 1;      -- redirects to other hosts

ALTER TABLE xtream_profiles ADD COLUMN password_source TEXT NOT NULL DEFAULT 'stored';  -- or `environment`, `file`, `command`
ALTER TABLE xtream_profiles ADD COLUMN password_argument TEXT;               -- name, path or command; `password` is NULL then

-- What runs have learnt of a panel; the names are those of `PanelFacts` in sync-core.
CREATE TABLE xtream_panel_facts (
    profile_id TEXT NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT NOT NULL DEFAULT '',                   -- '' is the panel as a whole
    fact       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (profile_id, kind, fact)
) WITHOUT ROWID;
