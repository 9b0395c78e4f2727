DROP TABLE xtream_doubts;
