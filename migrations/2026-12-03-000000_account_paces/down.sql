DROP TABLE xtream_account_paces;
