ALTER TABLE xtream_sync_run_kinds DROP COLUMN wire_bytes;
