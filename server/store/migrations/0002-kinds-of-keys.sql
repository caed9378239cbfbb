-- Keys of other kinds than ECDSA P-256, and releases whose payload is encrypted. All that was there before was neither.

ALTER TABLE signing_key ADD COLUMN type TEXT NOT NULL DEFAULT 'ecdsa-p256';
ALTER TABLE release ADD COLUMN encrypted INTEGER NOT NULL DEFAULT 0;
