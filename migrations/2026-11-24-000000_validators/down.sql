ALTER TABLE xtream_sync_run_kinds DROP COLUMN not_modified;
DROP TABLE xtream_listing_validators;
