DROP TABLE xtream_former_logins;
