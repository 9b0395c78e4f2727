-- Bytes as they came over the wire, beside the decompressed ones. Only a new column: records of before have NULL.
ALTER TABLE xtream_sync_run_kinds ADD COLUMN wire_bytes INTEGER;  -- of bodies, compressed; NULL where nobody counted
