-- The search text: what is searched and sorted by, folded and packed beside the items. Only a new column and new
-- tables: no row is touched. The next sync writes the text of a kind that has none.

-- Entries of items, some thousand a row. A batch is written at once; later ones override earlier ones, item by item.
CREATE TABLE xtream_search_segments (
    id         INTEGER PRIMARY KEY NOT NULL,
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    batch      INTEGER NOT NULL,                           -- rising
    place      INTEGER NOT NULL,                           -- within the batch, from 0
    entries    INTEGER NOT NULL,                           -- how many
    facts      BLOB    NOT NULL,                           -- ids, years, ratings and the like, and lengths of texts
    names      TEXT    NOT NULL,                           -- folded names and titles
    rest       TEXT    NOT NULL                            -- folded text of the other fields; last, because an order needs none of it
);
-- Finds the segments of a kind, in order.
CREATE UNIQUE INDEX xtream_search_segments_by_place ON xtream_search_segments (profile_id, kind, batch, place);

-- A kind without a row here, or whose row doesn't fit, has no usable text.
CREATE TABLE xtream_search_state (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    folding    INTEGER NOT NULL,                           -- the version of the folding
    fields     TEXT    NOT NULL,                           -- `all` or `names`
    complete   INTEGER NOT NULL,                           -- 0: to be written anew
    stamp      INTEGER NOT NULL,                           -- random, another one after every write
    PRIMARY KEY (profile_id, kind)
) WITHOUT ROWID;

ALTER TABLE xtream_sync_settings ADD COLUMN search_fields TEXT NOT NULL DEFAULT 'all';  -- what is searched: `all`, `names` or `off`
