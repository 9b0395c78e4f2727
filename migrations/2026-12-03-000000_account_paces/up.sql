-- How fast each account is asked. Only a new table: no row is touched. It is of no profile, because several profiles may
-- be of one account, and it holds no password.

-- An account that is reached at several hosts has a row per host. Rows that were not used for 90 days are deleted.
CREATE TABLE xtream_account_paces (
    host         TEXT    NOT NULL,                         -- without scheme and port, in lower case
    username     TEXT    NOT NULL,
    rate         REAL    NOT NULL,                         -- requests per second that were borne last
    held_until   INTEGER,                                  -- until when the panel is left alone
    refused_at   INTEGER,                                  -- when the panel last refused a request as one too many
    refused_rate REAL,                                     -- the rate that was refused; NULL if that is unknown
    requests     INTEGER NOT NULL,                         -- on the UTC day of used_at
    used_at      INTEGER NOT NULL,                         -- when the account was last asked
    PRIMARY KEY (host, username)
) WITHOUT ROWID;
