DROP TABLE xtream_profile_settings;
DROP TABLE xtream_profile_addresses;
