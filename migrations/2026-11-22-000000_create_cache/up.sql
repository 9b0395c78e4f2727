-- The cache of one or more panels. The item, category, profile and sync tables are a public
-- interface: players read them with plain SQL. Times are unix seconds; `added` and
-- `last_modified` are the panel's own text. Row ids never change while a row lives.

CREATE TABLE xtream_profiles (
    id            INTEGER PRIMARY KEY,
    profile_id    TEXT    NOT NULL UNIQUE,
    base_url      TEXT,                                    -- without credentials
    username      TEXT,
    password      TEXT,
    user_agent    TEXT,
    change_policy TEXT    NOT NULL DEFAULT 'fingerprint'
                  CHECK (change_policy IN ('fingerprint', 'timestamp')),
    fence         INTEGER NOT NULL DEFAULT 0,              -- rises with every lease; an apply with an older one is refused
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL
);

CREATE TABLE xtream_channels (
    id                  INTEGER PRIMARY KEY,
    profile_id          TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    stream_id           INTEGER NOT NULL,
    num                 INTEGER,
    name                TEXT    NOT NULL,
    stream_type         TEXT,
    stream_icon         TEXT,
    thumbnail           TEXT,
    epg_channel_id      TEXT,
    added               TEXT,
    category_id         TEXT,                              -- the panel's own value
    category_ids        TEXT,                              -- JSON array: every category of the item, sorted
    listed_category_ids TEXT,                              -- JSON array: the panel's own list, where it says more than category_id
    custom_sid          TEXT,
    tv_archive          INTEGER NOT NULL DEFAULT 0,
    direct_source       TEXT,
    tv_archive_duration INTEGER NOT NULL DEFAULT 0,        -- days
    is_adult            INTEGER,
    extra               TEXT,                              -- JSON object: what the panel sent beyond these columns
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    UNIQUE (profile_id, stream_id)
);
CREATE INDEX xtream_channels_by_category ON xtream_channels (profile_id, category_id, stream_id);

CREATE TABLE xtream_movies (
    id                  INTEGER PRIMARY KEY,
    profile_id          TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    stream_id           INTEGER NOT NULL,
    num                 INTEGER,                           -- as of the row's last write; the panel's order is in xtream_listing_index
    name                TEXT    NOT NULL,
    title               TEXT,
    year                TEXT,
    stream_type         TEXT,
    stream_icon         TEXT,
    rating              REAL,
    rating_5based       REAL,
    genre               TEXT,
    added               TEXT,
    episode_run_time    INTEGER,                           -- minutes
    category_id         TEXT,
    category_ids        TEXT,
    listed_category_ids TEXT,
    container_extension TEXT,
    custom_sid          TEXT,
    direct_source       TEXT,
    release_date        TEXT,
    "cast"              TEXT,
    director            TEXT,
    plot                TEXT,
    youtube_trailer     TEXT,
    tmdb_id             TEXT,
    imdb_id             TEXT,
    is_adult            INTEGER,
    extra               TEXT,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    UNIQUE (profile_id, stream_id)
);
CREATE INDEX xtream_movies_by_category ON xtream_movies (profile_id, category_id, stream_id);

CREATE TABLE xtream_series (
    id               INTEGER PRIMARY KEY,
    profile_id       TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    series_id        INTEGER NOT NULL,
    num              INTEGER,                              -- as of the row's last write; the panel's order is in xtream_listing_index
    name             TEXT    NOT NULL,
    title            TEXT,
    year             TEXT,
    stream_type      TEXT,
    cover            TEXT,
    plot             TEXT,
    "cast"           TEXT,
    director         TEXT,
    genre            TEXT,
    release_date     TEXT,
    added            TEXT,
    last_modified    TEXT,
    rating           TEXT,
    rating_5based    REAL,
    episode_run_time TEXT,                                 -- minutes
    category_id      TEXT,
    category_ids     TEXT,
    listed_category_ids TEXT,
    youtube_trailer  TEXT,
    tmdb_id          TEXT,
    imdb_id          TEXT,
    is_adult         INTEGER,
    extra            TEXT,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (profile_id, series_id)
);
CREATE INDEX xtream_series_by_category ON xtream_series (profile_id, category_id, series_id);

CREATE TABLE xtream_channel_categories (
    id            INTEGER PRIMARY KEY,
    profile_id    TEXT NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    category_id   TEXT NOT NULL,
    category_name TEXT NOT NULL,
    parent_id     INTEGER,
    position      INTEGER NOT NULL DEFAULT 0,              -- order in the panel's list
    UNIQUE (profile_id, category_id)
);
CREATE TABLE xtream_movie_categories (
    id            INTEGER PRIMARY KEY,
    profile_id    TEXT NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    category_id   TEXT NOT NULL,
    category_name TEXT NOT NULL,
    parent_id     INTEGER,
    position      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (profile_id, category_id)
);
CREATE TABLE xtream_series_categories (
    id            INTEGER PRIMARY KEY,
    profile_id    TEXT NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    category_id   TEXT NOT NULL,
    category_name TEXT NOT NULL,
    parent_id     INTEGER,
    position      INTEGER NOT NULL DEFAULT 0,
    UNIQUE (profile_id, category_id)
);

CREATE TABLE xtream_content_sync (
    id                 INTEGER PRIMARY KEY,
    profile_id         TEXT    NOT NULL UNIQUE REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    last_sync_channels INTEGER,                            -- the panel's clock at the start of the listing
    last_sync_movies   INTEGER,
    last_sync_series   INTEGER,
    sync_status        TEXT    NOT NULL DEFAULT 'pending',
    sync_progress      INTEGER NOT NULL DEFAULT 0,
    sync_message       TEXT,
    channels_count     INTEGER NOT NULL DEFAULT 0,         -- rows in the cache
    movies_count       INTEGER NOT NULL DEFAULT 0,
    series_count       INTEGER NOT NULL DEFAULT 0,
    account_status     TEXT,
    account_expires_at INTEGER,
    account_checked_at INTEGER,
    updated_at         INTEGER NOT NULL
);

CREATE TABLE xtream_sync_settings (
    id                    INTEGER PRIMARY KEY,
    profile_id            TEXT    NOT NULL UNIQUE REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    auto_sync_enabled     INTEGER NOT NULL DEFAULT 1,
    sync_interval_hours   INTEGER NOT NULL DEFAULT 24,
    wifi_only             INTEGER NOT NULL DEFAULT 1,
    notify_on_complete    INTEGER NOT NULL DEFAULT 0,
    removal_share_percent INTEGER NOT NULL DEFAULT 30,     -- removals above this share AND above the floor are held
    removal_floor_rows    INTEGER NOT NULL DEFAULT 50
);

-- What the last listing of a scope said: every id in the panel's order, and beside it the digest
-- of what the panel sent for it. One row a scope, written with the items it stands for.
CREATE TABLE xtream_listing_index (
    id          INTEGER PRIMARY KEY,
    profile_id  TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind        TEXT    NOT NULL,
    scope       TEXT    NOT NULL DEFAULT '',               -- '' is the whole kind
    scheme      INTEGER NOT NULL,                          -- how the digests were made
    ids         TEXT    NOT NULL,                          -- JSON array
    digests     BLOB    NOT NULL,                          -- 8 bytes an id, little endian, the same order
    UNIQUE (profile_id, kind, scope)
);

-- Rows that the panel no longer lists and that stay until the evidence suffices or a person agrees.
CREATE TABLE xtream_held_removals (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    held_since INTEGER NOT NULL,
    run_id     INTEGER NOT NULL,
    PRIMARY KEY (profile_id, kind, content_id)
) WITHOUT ROWID;

-- What was removed, for thirty days: no foreign key to items, they are gone.
CREATE TABLE xtream_tombstones (
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    removed_at INTEGER NOT NULL,
    run_id     INTEGER NOT NULL,
    PRIMARY KEY (profile_id, kind, content_id)
) WITHOUT ROWID;

-- One row a change; the first load of a kind is one row `loaded` without content id.
CREATE TABLE xtream_changes (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id     INTEGER NOT NULL,
    profile_id TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    kind       TEXT    NOT NULL,
    content_id INTEGER,
    change     TEXT    NOT NULL CHECK (change IN ('loaded', 'added', 'updated', 'removed')),
    fields     TEXT                                        -- comma-separated names, for `updated`
);
CREATE INDEX xtream_changes_by_profile ON xtream_changes (profile_id, sequence);

CREATE TABLE xtream_sync_runs (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    profile_id  TEXT    NOT NULL REFERENCES xtream_profiles (profile_id) ON DELETE CASCADE,
    fence       INTEGER NOT NULL,
    status      TEXT    NOT NULL,                          -- 'syncing' until the run ends
    started_at  INTEGER NOT NULL,
    finished_at INTEGER
);
CREATE INDEX xtream_sync_runs_by_profile ON xtream_sync_runs (profile_id, id);

CREATE TABLE xtream_sync_run_kinds (
    run_id        INTEGER NOT NULL REFERENCES xtream_sync_runs (id) ON DELETE CASCADE,
    kind          TEXT    NOT NULL,
    mode          TEXT    NOT NULL,
    outcome       TEXT    NOT NULL,
    added         INTEGER NOT NULL,
    updated       INTEGER NOT NULL,
    refreshed     INTEGER NOT NULL,
    removed       INTEGER NOT NULL,
    unchanged     INTEGER NOT NULL,
    held          INTEGER NOT NULL,
    skipped       INTEGER NOT NULL,
    bytes         INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    duration_ms   INTEGER NOT NULL,
    hold_reason   TEXT,                                    -- why removals are held
    error_code    TEXT,
    error_message TEXT,
    PRIMARY KEY (run_id, kind)
) WITHOUT ROWID;
