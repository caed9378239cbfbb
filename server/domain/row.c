/* Columns of every table: offsets into the rows of store.h, names of the schema (server/store/migrations). */
#include "server/domain/store.h"

#define COLUMN(name, kind, type, member) {name, UD_COLUMN_##kind, offsetof(type, member), 0}
#define MEMBER(name, kind, type, member) \
    {name, UD_COLUMN_##kind, offsetof(type, member), sizeof(((type *)NULL)->member)}
#define BLOB(name, type, member) MEMBER(name, BLOB, type, member)
#define SIZED(name, type, member) MEMBER(name, SIZED, type, member)

static const ud_column_t meta[] = {
    COLUMN("number", U32, ud_row_meta_t, number),
    BLOB("salt", ud_row_meta_t, salt),
    COLUMN("wall_high_ms", I64, ud_row_meta_t, wall_high_ms),
};

static const ud_column_t account[] = {
    COLUMN("name", TEXT, ud_row_account_t, name),
    COLUMN("password_hash", TEXT, ud_row_account_t, password_hash),
    COLUMN("role", U8, ud_row_account_t, role),
};

static const ud_column_t session[] = {
    BLOB("session", ud_row_session_t, session),
    COLUMN("account", TEXT, ud_row_session_t, account),
    COLUMN("expires_ms", I64, ud_row_session_t, expires_ms),
};

static const ud_column_t key[] = {
    COLUMN("name", TEXT, ud_row_key_t, name), SIZED("public_key", ud_row_key_t, public_key),
    BLOB("key_hash", ud_row_key_t, key_hash), COLUMN("created_ms", I64, ud_row_key_t, created_ms),
    COLUMN("type", TEXT, ud_row_key_t, type),
};

static const ud_column_t claim_key[] = {
    COLUMN("name", TEXT, ud_row_claim_key_t, name),
    BLOB("secret_hash", ud_row_claim_key_t, secret_hash),
    COLUMN("grp", TEXT, ud_row_claim_key_t, group),
    COLUMN("approve", BOOL, ud_row_claim_key_t, approve),
    COLUMN("created_ms", I64, ud_row_claim_key_t, created_ms),
    COLUMN("used", U32, ud_row_claim_key_t, used),
};

static const ud_column_t group[] = {
    COLUMN("number", U32, ud_row_group_t, number),
    COLUMN("name", TEXT, ud_row_group_t, name),
    COLUMN("description", TEXT, ud_row_group_t, description),
};

static const ud_column_t release[] = {
    COLUMN("number", U32, ud_row_release_t, number),
    COLUMN("version", TEXT, ud_row_release_t, version),
    COLUMN("hardware", TEXT, ud_row_release_t, hardware),
    COLUMN("image_size", U32, ud_row_release_t, image_size),
    BLOB("file_digest", ud_row_release_t, file_digest),
    BLOB("image_digest", ud_row_release_t, image_digest),
    BLOB("key_hash", ud_row_release_t, key_hash),
    SIZED("signature", ud_row_release_t, signature),
    COLUMN("security_counter", U32, ud_row_release_t, security_counter),
    COLUMN("notes", TEXT, ud_row_release_t, notes),
    COLUMN("created_by", TEXT, ud_row_release_t, created_by),
    COLUMN("created_ms", I64, ud_row_release_t, created_ms),
    COLUMN("last_event", U64, ud_row_release_t, last_event),
    COLUMN("encrypted", BOOL, ud_row_release_t, encrypted),
};

static const ud_column_t artifact[] = {
    COLUMN("release", U32, ud_row_artifact_t, release),
    COLUMN("chunk_size", U16, ud_row_artifact_t, chunk_size),
    BLOB("artifact_digest", ud_row_artifact_t, artifact_digest),
    COLUMN("artifact_size", U32, ud_row_artifact_t, artifact_size),
    BLOB("chain_root", ud_row_artifact_t, chain_root),
    COLUMN("has_descriptor", BOOL, ud_row_artifact_t, has_descriptor),
    SIZED("descriptor", ud_row_artifact_t, descriptor),
};

static const ud_column_t rollout[] = {
    COLUMN("number", U32, ud_row_rollout_t, number),
    COLUMN("release", U32, ud_row_rollout_t, release),
    COLUMN("grp", U32, ud_row_rollout_t, group),
    COLUMN("from_version", TEXT, ud_row_rollout_t, from),
    COLUMN("failure_limit_percent", DOUBLE, ud_row_rollout_t, failure_limit_percent),
    COLUMN("success_percent", DOUBLE, ud_row_rollout_t, success_percent),
    COLUMN("min_sample", U32, ud_row_rollout_t, min_sample),
    COLUMN("soak_s", U32, ud_row_rollout_t, soak_s),
    COLUMN("concurrency_max", U32, ud_row_rollout_t, concurrency_max),
    COLUMN("retries_max", U32, ud_row_rollout_t, retries_max),
    COLUMN("progress_timeout_s", U32, ud_row_rollout_t, progress_timeout_s),
    COLUMN("forced", BOOL, ud_row_rollout_t, forced),
    COLUMN("is_rollback", BOOL, ud_row_rollout_t, rollback),
    COLUMN("status", U8, ud_row_rollout_t, status),
    COLUMN("stop", U8, ud_row_rollout_t, stop),
    COLUMN("stop_reason", TEXT, ud_row_rollout_t, stop_reason),
    COLUMN("current", U8, ud_row_rollout_t, current),
    COLUMN("base_outcomes", U32, ud_row_rollout_t, base_outcomes),
    COLUMN("first_update", U32, ud_row_rollout_t, first_update),
    COLUMN("created_by", TEXT, ud_row_rollout_t, created_by),
    COLUMN("idempotency_key", TEXT, ud_row_rollout_t, idempotency_key),
    COLUMN("created_ms", I64, ud_row_rollout_t, created_ms),
    COLUMN("ended_ms", I64, ud_row_rollout_t, ended_ms),
    COLUMN("last_event", U64, ud_row_rollout_t, last_event),
};

static const ud_column_t batch[] = {
    COLUMN("rollout", U32, ud_row_batch_t, rollout),   COLUMN("batch", U8, ud_row_batch_t, batch),
    COLUMN("state", U8, ud_row_batch_t, state),        COLUMN("planned", U32, ud_row_batch_t, planned),
    COLUMN("accepted", U32, ud_row_batch_t, accepted), COLUMN("boundary", U64, ud_row_batch_t, boundary),
};

static const ud_column_t tally[] = {
    COLUMN("rollout", U32, ud_row_tally_t, rollout), COLUMN("batch", U8, ud_row_tally_t, batch),
    COLUMN("state", U8, ud_row_tally_t, state),      COLUMN("err", U16, ud_row_tally_t, err),
    COLUMN("count", U32, ud_row_tally_t, count),
};

static const ud_column_t device[] = {
    COLUMN("number", U32, ud_row_device_t, number),
    COLUMN("id", TEXT, ud_row_device_t, id),
    BLOB("nonce", ud_row_device_t, nonce),
    BLOB("secret_hash", ud_row_device_t, secret_hash),
    COLUMN("has_candidate", BOOL, ud_row_device_t, has_candidate),
    BLOB("candidate_hash", ud_row_device_t, candidate_hash),
    COLUMN("generation", U32, ud_row_device_t, generation),
    COLUMN("hardware", TEXT, ud_row_device_t, hardware),
    COLUMN("grp", U32, ud_row_device_t, group),
    COLUMN("pending", BOOL, ud_row_device_t, pending),
    COLUMN("hold", BOOL, ud_row_device_t, hold),
    COLUMN("retired", BOOL, ud_row_device_t, retired),
    COLUMN("registered_ms", I64, ud_row_device_t, registered_ms),
};

static const ud_column_t report[] = {
    COLUMN("device", U32, ud_row_report_t, device),
    COLUMN("version", TEXT, ud_row_report_t, version),
    BLOB("image_digest", ud_row_report_t, image_digest),
    COLUMN("epoch", U32, ud_row_report_t, epoch),
    COLUMN("epoch_before", U32, ud_row_report_t, epoch_before),
    COLUMN("sequence", U32, ud_row_report_t, sequence),
    COLUMN("update_id", U32, ud_row_report_t, update_id),
    COLUMN("rollout", U32, ud_row_report_t, rollout),
    COLUMN("batch", U8, ud_row_report_t, batch),
    COLUMN("attempt", U8, ud_row_report_t, attempt),
    COLUMN("state", U8, ud_row_report_t, state),
    COLUMN("progress", U8, ud_row_report_t, progress),
    COLUMN("err", U16, ud_row_report_t, err),
    COLUMN("flags", U16, ud_row_report_t, flags),
    COLUMN("security_counter", U32, ud_row_report_t, security_counter),
    COLUMN("boot_reason", U8, ud_row_report_t, boot_reason),
    COLUMN("revert_reason", U16, ud_row_report_t, revert_reason),
    COLUMN("battery", U8, ud_row_report_t, battery),
    COLUMN("link", U8, ud_row_report_t, link),
    COLUMN("signal", I16, ud_row_report_t, signal),
    COLUMN("chunk_size_max", U16, ud_row_report_t, chunk_size_max),
    COLUMN("slot_size", U32, ud_row_report_t, slot_size),
    COLUMN("last_seen_ms", I64, ud_row_report_t, last_seen_ms),
    COLUMN("last_event", U64, ud_row_report_t, last_event),
    COLUMN("trial_attempts", U8, ud_row_report_t, trial_attempts),
    COLUMN("abnormal_resets", U8, ud_row_report_t, abnormal_resets),
};

static const ud_column_t execution[] = {
    COLUMN("number", U32, ud_row_execution_t, number),     COLUMN("device", U32, ud_row_execution_t, device),
    COLUMN("rollout", U32, ud_row_execution_t, rollout),   COLUMN("batch", U8, ud_row_execution_t, batch),
    COLUMN("attempt", U8, ud_row_execution_t, attempt),    COLUMN("state", U8, ud_row_execution_t, state),
    COLUMN("err", U16, ud_row_execution_t, err),           COLUMN("offered_ms", I64, ud_row_execution_t, offered_ms),
    COLUMN("ended_ms", I64, ud_row_execution_t, ended_ms),
};

static const ud_column_t event[] = {
    COLUMN("number", U64, ud_row_event_t, number),
    COLUMN("at_ms", I64, ud_row_event_t, at_ms),
    COLUMN("kind", TEXT, ud_row_event_t, kind),
    COLUMN("device", U32, ud_row_event_t, device),
    COLUMN("object_type", U8, ud_row_event_t, object_type),
    COLUMN("object", U32, ud_row_event_t, object),
    COLUMN("actor", TEXT, ud_row_event_t, actor),
    COLUMN("source_address", TEXT, ud_row_event_t, source_address),
    COLUMN("text", TEXT, ud_row_event_t, text),
    COLUMN("err", U16, ud_row_event_t, err),
    COLUMN("device_before", U64, ud_row_event_t, device_before),
    COLUMN("object_before", U64, ud_row_event_t, object_before),
};

#define TABLE(type, name, columns, keys, row) \
    [type] = {name, columns, sizeof(columns) / sizeof(columns[0]), keys, sizeof(row)}
#define FITS(columns, row)                                                                                        \
    _Static_assert(sizeof(columns) / sizeof(columns[0]) <= UD_COLUMN_COUNT_MAX && sizeof(row) <= UD_ROW_SIZE_MAX, \
                   "stores' buffers hold it")

FITS(rollout, ud_row_rollout_t);
FITS(report, ud_row_report_t);
FITS(release, ud_row_release_t);

const ud_table_t ud_tables[UD_ROW_COUNT] = {
    TABLE(UD_ROW_META, "meta", meta, 1, ud_row_meta_t),
    TABLE(UD_ROW_ACCOUNT, "account", account, 1, ud_row_account_t),
    TABLE(UD_ROW_SESSION, "session", session, 1, ud_row_session_t),
    TABLE(UD_ROW_KEY, "signing_key", key, 1, ud_row_key_t),
    TABLE(UD_ROW_CLAIM_KEY, "claim_key", claim_key, 1, ud_row_claim_key_t),
    TABLE(UD_ROW_GROUP, "grp", group, 1, ud_row_group_t),
    TABLE(UD_ROW_RELEASE, "release", release, 1, ud_row_release_t),
    TABLE(UD_ROW_ARTIFACT, "artifact", artifact, 2, ud_row_artifact_t),
    TABLE(UD_ROW_ROLLOUT, "rollout", rollout, 1, ud_row_rollout_t),
    TABLE(UD_ROW_BATCH, "batch", batch, 2, ud_row_batch_t),
    TABLE(UD_ROW_TALLY, "tally", tally, 4, ud_row_tally_t),
    TABLE(UD_ROW_DEVICE, "device", device, 1, ud_row_device_t),
    TABLE(UD_ROW_REPORT, "report", report, 1, ud_row_report_t),
    TABLE(UD_ROW_EXECUTION, "execution", execution, 1, ud_row_execution_t),
    TABLE(UD_ROW_EVENT, "event", event, 1, ud_row_event_t),
};
