-- What users change of the items, and their rules about what is shown. New tables and views; the change log is rebuilt
-- with two more words and keeps its entries and sequences.

-- The items that have edits: what each is recognised by under another id. No foreign key to items: edits survive them.
CREATE TABLE xtream_edited_items (
    profile_id  TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL,
    parent      INTEGER NOT NULL DEFAULT 0,                -- the series of an episode; 0 for everything else
    content_id  INTEGER NOT NULL,
    name        TEXT    NOT NULL,                          -- the panel's, as it was last listed
    tmdb_id     TEXT,
    category_id TEXT,
    maybe_id    INTEGER,                                   -- of an item that is gone: the one that may be the same
    maybe_name  TEXT,
    declined_id INTEGER,                                   -- the one that the user has said is not the same
    gone        INTEGER NOT NULL DEFAULT 0,                -- 0: the item is listed; 1: it is not; 2: the next sync looks where it is now
    PRIMARY KEY (profile_id, kind, parent, content_id)
) WITHOUT ROWID;
-- A sync asks for the few that are gone, of however many edited items there are.
CREATE INDEX xtream_edited_items_gone ON xtream_edited_items (profile_id, kind) WHERE gone>0;

-- The edits. A flag is `1`, a list is a JSON array.
CREATE TABLE xtream_edits (
    profile_id     TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind           TEXT    NOT NULL,
    parent         INTEGER NOT NULL DEFAULT 0,
    content_id     INTEGER NOT NULL,
    field          TEXT    NOT NULL,
    local          TEXT    NOT NULL,                       -- the user's value
    base           TEXT,                                   -- the panel's value at the time of the edit
    edited_at      INTEGER NOT NULL,
    panel          TEXT,                                   -- with a conflict: the panel's other value
    conflict_since INTEGER,                                -- NULL: there is no conflict
    PRIMARY KEY (profile_id, kind, parent, content_id, field)
) WITHOUT ROWID;

-- How items are shown that are not shown as their rows: made of the rows, the edits and the rules, with every change of
-- one of them.
CREATE TABLE xtream_shown (
    profile_id   TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind         TEXT    NOT NULL,
    content_id   INTEGER NOT NULL,
    excluded     INTEGER NOT NULL DEFAULT 0,               -- 1: a filter leaves the item out
    hidden       INTEGER NOT NULL DEFAULT 0,               -- 1: the user has hidden it
    favourite    INTEGER NOT NULL DEFAULT 0,
    watched      INTEGER NOT NULL DEFAULT 0,
    name         TEXT,                                     -- where it differs from the row
    category_id  TEXT,
    category_ids TEXT,
    number       INTEGER,
    icon         TEXT,
    note         TEXT,
    tags         TEXT,                                     -- JSON array
    position     INTEGER,                                  -- seconds
    last_watched INTEGER,
    PRIMARY KEY (content_id, kind, profile_id)             -- the id first: the views look up each item, and compare a number only
) WITHOUT ROWID;
-- Which items of a kind are left out, or favourites, is read from here alone.
CREATE INDEX xtream_shown_by_profile ON xtream_shown (profile_id, kind, excluded, hidden, favourite);

-- The defaults of the filter of a kind.
CREATE TABLE xtream_filters (
    profile_id       TEXT NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind             TEXT NOT NULL,
    otherwise        TEXT NOT NULL DEFAULT 'include',      -- items that no rule matches: `include` or `exclude`
    new_categories   TEXT NOT NULL DEFAULT 'include',      -- such items in new categories: `include`, `exclude` or `tell`
    known_categories TEXT,                                 -- JSON array: the ids when the first rule was made; NULL without rules
    told_categories  TEXT,                                 -- JSON array: the ids of the new ones that reports have named
    PRIMARY KEY (profile_id, kind)
) WITHOUT ROWID;

-- The rules of a filter; the first one that matches decides.
CREATE TABLE xtream_filter_rules (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    position   INTEGER NOT NULL,                           -- from 1
    action     TEXT    NOT NULL,                           -- `include` or `exclude`
    looks_at   TEXT    NOT NULL,                           -- `category` or `name`
    matches_by TEXT    NOT NULL,                           -- `id`, `name`, `glob` or `regex`
    pattern    TEXT    NOT NULL,
    PRIMARY KEY (profile_id, kind, position)
) WITHOUT ROWID;

-- How names are shown; each rule sees what those before it have left.
CREATE TABLE xtream_rewrite_rules (
    profile_id  TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL,
    position    INTEGER NOT NULL,                          -- from 1
    pattern     TEXT    NOT NULL,
    replacement TEXT    NOT NULL,
    PRIMARY KEY (profile_id, kind, position)
) WITHOUT ROWID;

CREATE TABLE xtream_changes_new (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL,                           -- 0: by hand
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER,
    change     TEXT    NOT NULL CHECK (change IN
        ('loaded', 'added', 'updated', 'removed', 'undone', 'converged', 'overruled')),
    fields     TEXT,                                       -- comma-separated names, for `updated`
    returned   INTEGER NOT NULL DEFAULT 0,                 -- 1: `added`, and known from before its removal
    parent     INTEGER NOT NULL DEFAULT 0,                 -- the series of an episode; 0 for everything else
    at         INTEGER NOT NULL DEFAULT 0,                 -- when it was written
    name       TEXT,                                       -- of the item; NULL in entries of earlier versions, which have no values
    before     TEXT,                                       -- JSON object of columns: of `updated` the values before, of `removed` the whole row
    after      TEXT,                                       -- JSON object of columns: of `updated` the values after
    taken_back TEXT                                        -- of `undone`: the change that was taken back
);
INSERT INTO xtream_changes_new (sequence, run_id, profile_id, kind, content_id, change, fields, returned, parent, at, name,
                                before, after, taken_back)
    SELECT sequence, run_id, profile_id, kind, content_id, change, fields, returned, parent, at, name, before, after,
           taken_back
      FROM xtream_changes ORDER BY sequence;
-- Sequences go on behind the highest that there ever was, also where its entry is gone.
INSERT INTO sqlite_sequence (name, seq) SELECT 'xtream_changes_new', 0
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'xtream_changes_new');
UPDATE sqlite_sequence SET seq = max(seq, coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'xtream_changes'), 0))
    WHERE name = 'xtream_changes_new';
DROP TABLE xtream_changes;
ALTER TABLE xtream_changes_new RENAME TO xtream_changes;
CREATE INDEX xtream_changes_by_profile ON xtream_changes (profile_id, sequence);

-- The items as they are shown: the user's values in place of the panel's, and what only the user has.

CREATE VIEW xtream_channels_shown AS SELECT
    i.id, i.profile_id, i.stream_id, coalesce(s.number, i.num) AS num, coalesce(s.name, i.name) AS name,
    i.stream_type, coalesce(s.icon, i.stream_icon) AS stream_icon, i.thumbnail, i.epg_channel_id, i.added,
    coalesce(s.category_id, i.category_id, i.category_ids ->> '$[0]') AS category_id, coalesce(s.category_ids, i.category_ids) AS category_ids,
    i.listed_category_ids, i.custom_sid, i.tv_archive, i.direct_source, i.tv_archive_duration, i.is_adult, i.extra,
    i.created_at, i.updated_at, coalesce(s.favourite, 0) AS favourite, coalesce(s.hidden, 0) AS hidden,
    coalesce(s.excluded, 0) AS excluded, coalesce(s.watched, 0) AS watched, s.note, s.tags, s.position,
    s.last_watched, i.name AS panel_name
  FROM xtream_channels i LEFT JOIN xtream_shown s
    ON s.profile_id = i.profile_id AND s.kind = 'channels' AND s.content_id = i.stream_id;

CREATE VIEW xtream_movies_shown AS SELECT
    i.id, i.profile_id, i.stream_id, coalesce(s.number, i.num) AS num, coalesce(s.name, i.name) AS name, i.title,
    i.year, i.stream_type, coalesce(s.icon, i.stream_icon) AS stream_icon, i.rating, i.rating_5based, i.genre,
    i.added, i.episode_run_time, coalesce(s.category_id, i.category_id, i.category_ids ->> '$[0]') AS category_id,
    coalesce(s.category_ids, i.category_ids) AS category_ids, i.listed_category_ids, i.container_extension,
    i.custom_sid, i.direct_source, i.release_date, i."cast", i.director, i.plot, i.youtube_trailer, i.tmdb_id,
    i.imdb_id, i.is_adult, i.extra, i.created_at, i.updated_at, coalesce(s.favourite, 0) AS favourite,
    coalesce(s.hidden, 0) AS hidden, coalesce(s.excluded, 0) AS excluded, coalesce(s.watched, 0) AS watched, s.note,
    s.tags, s.position, s.last_watched, i.name AS panel_name
  FROM xtream_movies i LEFT JOIN xtream_shown s
    ON s.profile_id = i.profile_id AND s.kind = 'movies' AND s.content_id = i.stream_id;

CREATE VIEW xtream_series_shown AS SELECT
    i.id, i.profile_id, i.series_id, coalesce(s.number, i.num) AS num, coalesce(s.name, i.name) AS name, i.title,
    i.year, i.stream_type, coalesce(s.icon, i.cover) AS cover, i.plot, i."cast", i.director, i.genre,
    i.release_date, i.added, i.last_modified, i.rating, i.rating_5based, i.episode_run_time,
    coalesce(s.category_id, i.category_id, i.category_ids ->> '$[0]') AS category_id, coalesce(s.category_ids, i.category_ids) AS category_ids,
    i.listed_category_ids, i.youtube_trailer, i.tmdb_id, i.imdb_id, i.is_adult, i.extra, i.created_at, i.updated_at,
    coalesce(s.favourite, 0) AS favourite, coalesce(s.hidden, 0) AS hidden, coalesce(s.excluded, 0) AS excluded,
    coalesce(s.watched, 0) AS watched, s.note, s.tags, s.position, s.last_watched, i.name AS panel_name
  FROM xtream_series i LEFT JOIN xtream_shown s
    ON s.profile_id = i.profile_id AND s.kind = 'series' AND s.content_id = i.series_id;
