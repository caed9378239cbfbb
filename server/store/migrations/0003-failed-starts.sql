-- How often a device failed to start, as its check-ins say.

ALTER TABLE report ADD COLUMN trial_attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE report ADD COLUMN abnormal_resets INTEGER NOT NULL DEFAULT 0;
