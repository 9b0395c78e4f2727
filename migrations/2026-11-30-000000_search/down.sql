ALTER TABLE xtream_sync_settings DROP COLUMN search_fields;
DROP TABLE xtream_search_state;
DROP TABLE xtream_search_segments;
