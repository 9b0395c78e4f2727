ALTER TABLE xtream_profiles DROP COLUMN panel_identity;
DROP TABLE xtream_login_hashes;
DROP TABLE xtream_content_hashes;
