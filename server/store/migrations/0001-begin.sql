-- The fleet as of schema 1. Meaning of tables and columns: server/domain/store.h. Times are ms since 1970 in UTC;
-- numbers begin at 1 and 0 means none; digests are raw bytes.
-- No secondary index anywhere: what is searched is searched in RAM, events follow chains of primary keys.

CREATE TABLE meta (
    number       INTEGER PRIMARY KEY,
    salt         BLOB NOT NULL,
    wall_high_ms INTEGER NOT NULL
);

CREATE TABLE account (
    name          TEXT PRIMARY KEY,
    password_hash TEXT NOT NULL,
    role          INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE session (
    session    BLOB PRIMARY KEY,
    account    TEXT NOT NULL,
    expires_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE signing_key (
    name       TEXT PRIMARY KEY,
    public_key BLOB NOT NULL,
    key_hash   BLOB NOT NULL,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE claim_key (
    name        TEXT PRIMARY KEY,
    secret_hash BLOB NOT NULL,
    grp         TEXT NOT NULL,
    approve     INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    used        INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE grp (
    number      INTEGER PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT
);

CREATE TABLE release (
    number           INTEGER PRIMARY KEY,
    version          TEXT NOT NULL,
    hardware         TEXT NOT NULL,
    image_size       INTEGER NOT NULL,
    file_digest      BLOB NOT NULL,
    image_digest     BLOB NOT NULL,
    key_hash         BLOB NOT NULL,
    signature        BLOB NOT NULL,
    security_counter INTEGER NOT NULL,
    notes            TEXT,
    created_by       TEXT,
    created_ms       INTEGER NOT NULL,
    last_event       INTEGER NOT NULL
);

CREATE TABLE artifact (
    release         INTEGER NOT NULL,
    chunk_size      INTEGER NOT NULL,
    artifact_digest BLOB NOT NULL,
    artifact_size   INTEGER NOT NULL,
    chain_root      BLOB NOT NULL,
    has_descriptor  INTEGER NOT NULL,
    descriptor      BLOB NOT NULL,
    PRIMARY KEY (release, chunk_size)
) WITHOUT ROWID;

CREATE TABLE rollout (
    number                INTEGER PRIMARY KEY,
    release               INTEGER NOT NULL,
    grp                   INTEGER NOT NULL,
    from_version          TEXT,
    failure_limit_percent REAL NOT NULL,
    success_percent       REAL NOT NULL,
    min_sample            INTEGER NOT NULL,
    soak_s                INTEGER NOT NULL,
    concurrency_max       INTEGER NOT NULL,
    retries_max           INTEGER NOT NULL,
    progress_timeout_s    INTEGER NOT NULL,
    forced                INTEGER NOT NULL,
    is_rollback           INTEGER NOT NULL,
    status                INTEGER NOT NULL,
    stop                  INTEGER NOT NULL,
    stop_reason           TEXT,
    current               INTEGER NOT NULL,
    base_outcomes         INTEGER NOT NULL,
    first_update          INTEGER NOT NULL,
    created_by            TEXT,
    idempotency_key       TEXT,
    created_ms            INTEGER NOT NULL,
    ended_ms              INTEGER NOT NULL,
    last_event            INTEGER NOT NULL
);

CREATE TABLE batch (
    rollout  INTEGER NOT NULL,
    batch    INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    planned  INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    boundary INTEGER NOT NULL,
    PRIMARY KEY (rollout, batch)
) WITHOUT ROWID;

CREATE TABLE tally (
    rollout INTEGER NOT NULL,
    batch   INTEGER NOT NULL,
    state   INTEGER NOT NULL,
    err     INTEGER NOT NULL,
    count   INTEGER NOT NULL,
    PRIMARY KEY (rollout, batch, state, err)
) WITHOUT ROWID;

CREATE TABLE device (
    number         INTEGER PRIMARY KEY,
    id             TEXT NOT NULL,
    nonce          BLOB NOT NULL,
    secret_hash    BLOB NOT NULL,
    has_candidate  INTEGER NOT NULL,
    candidate_hash BLOB NOT NULL,
    generation     INTEGER NOT NULL,
    hardware       TEXT NOT NULL,
    grp            INTEGER NOT NULL,
    pending        INTEGER NOT NULL,
    hold           INTEGER NOT NULL,
    retired        INTEGER NOT NULL,
    registered_ms  INTEGER NOT NULL
);

CREATE TABLE report (
    device           INTEGER PRIMARY KEY,
    version          TEXT,
    image_digest     BLOB NOT NULL,
    epoch            INTEGER NOT NULL,
    epoch_before     INTEGER NOT NULL,
    sequence         INTEGER NOT NULL,
    update_id        INTEGER NOT NULL,
    rollout          INTEGER NOT NULL,
    batch            INTEGER NOT NULL,
    attempt          INTEGER NOT NULL,
    state            INTEGER NOT NULL,
    progress         INTEGER NOT NULL,
    err              INTEGER NOT NULL,
    flags            INTEGER NOT NULL,
    security_counter INTEGER NOT NULL,
    boot_reason      INTEGER NOT NULL,
    revert_reason    INTEGER NOT NULL,
    battery          INTEGER NOT NULL,
    link             INTEGER NOT NULL,
    signal           INTEGER NOT NULL,
    chunk_size_max   INTEGER NOT NULL,
    slot_size        INTEGER NOT NULL,
    last_seen_ms     INTEGER NOT NULL,
    last_event       INTEGER NOT NULL
);

CREATE TABLE execution (
    number     INTEGER PRIMARY KEY,
    device     INTEGER NOT NULL,
    rollout    INTEGER NOT NULL,
    batch      INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    state      INTEGER NOT NULL,
    err        INTEGER NOT NULL,
    offered_ms INTEGER NOT NULL,
    ended_ms   INTEGER NOT NULL
);

CREATE TABLE event (
    number         INTEGER PRIMARY KEY,
    at_ms          INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    device         INTEGER NOT NULL,
    object_type    INTEGER NOT NULL,
    object         INTEGER NOT NULL,
    actor          TEXT,
    source_address TEXT,
    text           TEXT,
    err            INTEGER NOT NULL,
    device_before  INTEGER NOT NULL,
    object_before  INTEGER NOT NULL
);
