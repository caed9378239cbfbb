#include "server/door/operator_json.h"

#include "core/base/hex.h"

#include <string.h>

/* ---- names ------------------------------------------------------------------------------------------------------ */

const char *const ud_json_state_names[] = {
    [UD_VIEW_IDLE] = "idle",       [UD_VIEW_DOWNLOADING] = "downloading", [UD_VIEW_UPDATING] = "updating",
    [UD_VIEW_SUCCESS] = "success", [UD_VIEW_FAILED] = "failed",           [UD_VIEW_ROLLED_BACK] = "rolled_back",
    [UD_VIEW_STATE_COUNT] = NULL,
};

static const char *const role_names[] = {"none", "viewer", "operator", "approver", "admin", NULL};

static const char *const status_names[] = {
    [UD_ROLLOUT_RUNNING] = "running",     [UD_ROLLOUT_PAUSED] = "paused",   [UD_ROLLOUT_HALTED] = "halted",
    [UD_ROLLOUT_COMPLETED] = "completed", [UD_ROLLOUT_STATUS_COUNT] = NULL,
};

/* A name that begins with NUL is shown as null. */
static const char *const stop_names[] = {
    [UD_STOP_NONE] = "",       [UD_STOP_PERSON] = "person", [UD_STOP_FAILURE_LIMIT] = "failure_limit",
    [UD_STOP_CLOCK] = "clock", [UD_STOP_GATE] = "gate",     NULL,
};

static const char *const batch_state_names[] = {
    [UD_BATCH_WAITING] = "waiting", [UD_BATCH_RUNNING] = "running", [UD_BATCH_SOAKING] = "soaking",
    [UD_BATCH_PASSED] = "passed",   [UD_BATCH_HALTED] = "halted",   NULL,
};

/* api/device.cddl: boot-reason and link-type, in their order */
static const char *const boot_reason_names[] = {"normal",       "installed",      "reverted",  "rescued",
                                                "journal_lost", "staged_refused", "safe_mode", NULL};
static const char *const link_names[] = {"unknown", "ethernet", "wifi", "cellular", "nbiot",
                                         "lora",    "thread",   "ble",  NULL};

/* ---- tables ----------------------------------------------------------------------------------------------------- */

#define FIELD(name, kind, type, member) {name, UD_JSON_##kind, offsetof(type, member), 0, 0, NULL, NULL}
#define NAME(name, type, member, names) {name, UD_JSON_NAME, offsetof(type, member), 0, 0, names, NULL}
#define NUMBER_NULL(name, type, member, null) {name, UD_JSON_INT_NULL, offsetof(type, member), 0, null, NULL, NULL}
#define OBJECT(name, type, member, fields) {name, UD_JSON_OBJECT, offsetof(type, member), 0, 0, NULL, fields}
#define ITEMS(name, kind, type, member, count, item, fields) \
    {name, UD_JSON_##kind, offsetof(type, member), offsetof(type, count), (int)sizeof(item), NULL, fields}
#define END {NULL, UD_JSON_END, 0, 0, 0, NULL, NULL}

const ud_json_field_t ud_json_session[] = {
    FIELD("account", TEXT, ud_session_t, account),
    NAME("role", ud_session_t, role, role_names),
    FIELD("expires_ms", I64, ud_session_t, expires_ms),
    END,
};

static const ud_json_field_t count_fields[] = {
    FIELD("label", TEXT, ud_count_t, label),
    FIELD("count", U32, ud_count_t, count),
    END,
};

const ud_json_field_t ud_json_summary[] = {
    FIELD("devices", U32, ud_summary_t, devices),
    FIELD("online", U32, ud_summary_t, online),
    FIELD("pending", U32, ud_summary_t, pending),
    FIELD("groups", U32, ud_summary_t, groups),
    FIELD("states", STATES, ud_summary_t, states),
    FIELD("outcomes", U32, ud_summary_t, outcomes),
    FIELD("successes", U32, ud_summary_t, successes),
    ITEMS("versions", LIST, ud_summary_t, versions, version_count, ud_count_t, count_fields),
    ITEMS("hardware", LIST, ud_summary_t, hardware, hardware_count, ud_count_t, count_fields),
    FIELD("revision", U64, ud_summary_t, revision),
    END,
};

const ud_json_field_t ud_json_device[] = {
    FIELD("id", TEXT, ud_device_t, id),
    FIELD("hardware", TEXT, ud_device_t, hardware),
    FIELD("group", TEXT, ud_device_t, group),
    FIELD("version", TEXT, ud_device_t, version),
    FIELD("target", TEXT_NULL, ud_device_t, target),
    FIELD("rollout", TEXT_NULL, ud_device_t, rollout_id),
    NAME("state", ud_device_t, state, ud_json_state_names),
    FIELD("progress", U8, ud_device_t, progress),
    FIELD("error", ERROR_NULL, ud_device_t, err),
    FIELD("reason", TEXT_NULL, ud_device_t, reason),
    FIELD("online", BOOL, ud_device_t, online),
    FIELD("pending", BOOL, ud_device_t, pending),
    FIELD("hold", BOOL, ud_device_t, hold),
    FIELD("batch", U32_NULL, ud_device_t, batch),
    FIELD("last_seen_ms", I64, ud_device_t, last_seen_ms),
    FIELD("registered_ms", I64, ud_device_t, registered_ms),
    FIELD("revision", U64, ud_device_t, revision),
    END,
};

const ud_json_field_t ud_json_device_page[] = {
    ITEMS("items", LIST, ud_device_page_t, items, count, ud_device_t, ud_json_device),
    FIELD("offset", SIZE, ud_device_page_t, offset),
    FIELD("total", SIZE, ud_device_page_t, total),
    FIELD("states", STATES, ud_device_page_t, states),
    END,
};

static const ud_json_field_t check_fields[] = {
    FIELD("check", TEXT, ud_check_t, check),
    FIELD("passed", BOOL, ud_check_t, passed),
    FIELD("detail", TEXT, ud_check_t, detail),
    END,
};

static const ud_json_field_t event_fields[] = {
    FIELD("number", U64, ud_event_t, number),
    FIELD("at_ms", I64, ud_event_t, at_ms),
    FIELD("kind", TEXT, ud_event_t, kind),
    FIELD("device", TEXT_NULL, ud_event_t, device),
    FIELD("rollout", TEXT_NULL, ud_event_t, rollout),
    FIELD("actor", TEXT_NULL, ud_event_t, actor),
    FIELD("text", TEXT, ud_event_t, text),
    FIELD("error", ERROR_NULL, ud_event_t, err),
    END,
};

const ud_json_field_t ud_json_device_detail[] = {
    OBJECT("device", ud_device_detail_t, device, ud_json_device),
    FIELD("image_digest", TEXT_NULL, ud_device_detail_t, image_digest),
    FIELD("security_counter", U32, ud_device_detail_t, security_counter),
    NAME("boot_reason", ud_device_detail_t, boot_reason, boot_reason_names),
    FIELD("revert_reason", ERROR_NULL, ud_device_detail_t, revert_reason),
    FIELD("trial_attempts", U32, ud_device_detail_t, trial_attempts),
    FIELD("abnormal_resets", U32, ud_device_detail_t, abnormal_resets),
    NUMBER_NULL("battery", ud_device_detail_t, battery, -1),
    NAME("link", ud_device_detail_t, link, link_names),
    NUMBER_NULL("signal", ud_device_detail_t, signal, 0),
    FIELD("journal_worn", BOOL, ud_device_detail_t, journal_worn),
    ITEMS("checks", LIST, ud_device_detail_t, checks, check_count, ud_check_t, check_fields),
    ITEMS("events", LIST, ud_device_detail_t, events, event_count, ud_event_t, event_fields),
    END,
};

const ud_json_field_t ud_json_event_page[] = {
    ITEMS("items", LIST, ud_event_page_t, items, count, ud_event_t, event_fields),
    FIELD("next", U64_NULL, ud_event_page_t, next),
    END,
};

static const ud_json_field_t group_fields[] = {
    FIELD("name", TEXT, ud_group_t, name),
    FIELD("description", TEXT, ud_group_t, description),
    FIELD("devices", U32, ud_group_t, device_count),
    END,
};

const ud_json_field_t ud_json_group_page[] = {
    ITEMS("items", LIST, ud_group_page_t, items, count, ud_group_t, group_fields),
    FIELD("offset", SIZE, ud_group_page_t, offset),
    FIELD("total", SIZE, ud_group_page_t, total),
    END,
};

static const ud_json_field_t key_fields[] = {
    FIELD("name", TEXT, ud_key_view_t, name),
    FIELD("type", TEXT, ud_key_view_t, type),
    FIELD("key_hash", TEXT, ud_key_view_t, key_hash),
    FIELD("created_ms", I64, ud_key_view_t, created_ms),
    END,
};

const ud_json_field_t ud_json_key_page[] = {
    ITEMS("items", LIST, ud_key_page_t, items, count, ud_key_view_t, key_fields),
    FIELD("offset", SIZE, ud_key_page_t, offset),
    FIELD("total", SIZE, ud_key_page_t, total),
    END,
};

static const ud_json_field_t claim_key_fields[] = {
    FIELD("name", TEXT, ud_claim_key_view_t, name),
    FIELD("group", TEXT, ud_claim_key_view_t, group),
    FIELD("approve", BOOL, ud_claim_key_view_t, approve),
    FIELD("used", U32, ud_claim_key_view_t, used),
    FIELD("created_ms", I64, ud_claim_key_view_t, created_ms),
    END,
};

const ud_json_field_t ud_json_claim_key_page[] = {
    ITEMS("items", LIST, ud_claim_key_page_t, items, count, ud_claim_key_view_t, claim_key_fields),
    FIELD("offset", SIZE, ud_claim_key_page_t, offset),
    FIELD("total", SIZE, ud_claim_key_page_t, total),
    END,
};

static const ud_json_field_t artifact_fields[] = {
    FIELD("chunk_size", U16, ud_release_artifact_t, chunk_size),
    FIELD("digest", DIGEST, ud_release_artifact_t, artifact_digest),
    FIELD("size", U32, ud_release_artifact_t, artifact_size),
    FIELD("descriptor", BOOL, ud_release_artifact_t, has_descriptor),
    END,
};

const ud_json_field_t ud_json_release[] = {
    FIELD("id", TEXT, ud_release_t, id),
    FIELD("version", TEXT, ud_release_t, version),
    FIELD("hardware", TEXT, ud_release_t, hardware),
    FIELD("image_size", U32, ud_release_t, image_size),
    FIELD("file_digest", DIGEST, ud_release_t, file_digest),
    FIELD("image_digest", DIGEST, ud_release_t, image_digest),
    FIELD("key_hash", DIGEST, ud_release_t, key_hash),
    FIELD("encrypted", BOOL, ud_release_t, encrypted),
    FIELD("security_counter", U32, ud_release_t, security_counter),
    ITEMS("artifacts", ARRAY, ud_release_t, artifacts, artifact_count, ud_release_artifact_t, artifact_fields),
    FIELD("notes", TEXT_NULL, ud_release_t, notes),
    FIELD("created_by", TEXT, ud_release_t, created_by),
    FIELD("created_ms", I64, ud_release_t, created_ms),
    FIELD("devices", U32, ud_release_t, device_count),
    END,
};

const ud_json_field_t ud_json_release_page[] = {
    ITEMS("items", LIST, ud_release_page_t, items, count, ud_release_t, ud_json_release),
    FIELD("offset", SIZE, ud_release_page_t, offset),
    FIELD("total", SIZE, ud_release_page_t, total),
    END,
};

static const ud_json_field_t batch_fields[] = {
    NAME("state", ud_batch_t, state, batch_state_names),
    FIELD("planned", U32, ud_batch_t, planned),
    FIELD("offered", U32, ud_batch_t, offered),
    FIELD("updating", U32, ud_batch_t, updating),
    FIELD("succeeded", U32, ud_batch_t, succeeded),
    FIELD("failed", U32, ud_batch_t, failed),
    FIELD("rolled_back", U32, ud_batch_t, rolled_back),
    FIELD("unreachable", U32, ud_batch_t, unreachable),
    END,
};

const ud_json_field_t ud_json_rollout[] = {
    FIELD("id", TEXT, ud_rollout_t, id),
    FIELD("release", TEXT, ud_rollout_t, release_id),
    FIELD("version", TEXT, ud_rollout_t, version),
    FIELD("from", TEXT_NULL, ud_rollout_t, from),
    FIELD("hardware", TEXT, ud_rollout_t, hardware),
    FIELD("group", TEXT_NULL, ud_rollout_t, group),
    NAME("status", ud_rollout_t, status, status_names),
    NAME("stop", ud_rollout_t, stop, stop_names),
    FIELD("stop_reason", TEXT_NULL, ud_rollout_t, stop_reason),
    ITEMS("batches", ARRAY, ud_rollout_t, batches, batch_count, ud_batch_t, batch_fields),
    FIELD("current", SIZE, ud_rollout_t, current),
    FIELD("failure_limit_percent", DOUBLE, ud_rollout_t, failure_limit_percent),
    FIELD("min_sample", U32, ud_rollout_t, min_sample),
    FIELD("success_percent", DOUBLE, ud_rollout_t, success_percent),
    ITEMS("failures", LIST, ud_rollout_t, failures, failure_count, ud_count_t, count_fields),
    ITEMS("waits", LIST, ud_rollout_t, waits, wait_count, ud_count_t, count_fields),
    FIELD("created_by", TEXT, ud_rollout_t, created_by),
    FIELD("created_ms", I64, ud_rollout_t, created_ms),
    FIELD("ended_ms", I64_NULL, ud_rollout_t, ended_ms),
    FIELD("revision", U64, ud_rollout_t, revision),
    END,
};

const ud_json_field_t ud_json_rollout_page[] = {
    ITEMS("items", LIST, ud_rollout_page_t, items, count, ud_rollout_t, ud_json_rollout),
    FIELD("offset", SIZE, ud_rollout_page_t, offset),
    FIELD("total", SIZE, ud_rollout_page_t, total),
    END,
};

const ud_json_field_t ud_json_changes[] = {
    FIELD("revision", U64, ud_changes_t, revision),
    OBJECT("summary", ud_changes_t, summary, ud_json_summary),
    ITEMS("rollouts", LIST, ud_changes_t, rollouts, rollout_count, ud_rollout_t, ud_json_rollout),
    ITEMS("devices", LIST, ud_changes_t, devices, device_count, ud_device_t, ud_json_device),
    END,
};

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* What lies at `place`, as its own type: fields are read by copy, so that no pointer changes its type. */
#define READ(type, place) (*(type *)memcpy(&(type){0}, (place), sizeof(type)))

static const void *pointer_at(const uint8_t *place)
{
    const void *pointer = NULL;
    memcpy(&pointer, place, sizeof pointer);
    return pointer;
}

static json_t *name_json(const char *const *names, int value)
{
    int count = 0;
    while (names[count] != NULL) {
        count++;
    }
    bool known = value >= 0 && value < count && names[value][0] != '\0';
    return known ? json_string(names[value]) : json_null();
}

static json_t *error_json(int err)
{
    return err == UD_OK ? json_null() : json_string(ud_err_code((ud_err_t)err));
}

static json_t *states_json(const void *place)
{
    json_t *object = json_object();
    for (size_t index = 0; index < UD_VIEW_STATE_COUNT; index++) {
        uint32_t count = READ(uint32_t, (const uint8_t *)place + index * sizeof(uint32_t));
        json_object_set_new(object, ud_json_state_names[index], json_integer(count));
    }
    return object;
}

static json_t *digest_json(const void *place)
{
    char text[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
    ud_hex_encode(place, UD_SHA256_SIZE, text);
    return json_string(text);
}

/* A list holds plain objects, whose own lists (batches of a rollout, artifacts of a release) hold objects without any:
 * three levels, so the mutual calls end.
 */
static json_t *items_json(const ud_json_field_t *field, const void *items, size_t count)
{
    json_t *array = json_array();
    for (size_t index = 0; index < count; index++) {
        const uint8_t *item = (const uint8_t *)items + index * (size_t)field->size;
        json_array_append_new(array, ud_operator_json(field->fields, item));
    }
    return array;
}

static json_t *text_at(const uint8_t *place, json_t *(*absent)(void))
{
    const char *text = pointer_at(place);
    if (text == NULL) {
        return absent();
    }
    json_t *json = json_string(text);
    return json != NULL ? json : json_string("");
}

static json_t *empty_text(void)
{
    return json_string("");
}

/* Numbers of all widths; the *_NULL kinds say by `null` which number means none. */
static json_t *number_at(ud_json_kind_t kind, const uint8_t *place)
{
    switch ((int)kind) {
    case UD_JSON_U8:
        return json_integer(*place);
    case UD_JSON_U16:
        return json_integer(READ(uint16_t, place));
    case UD_JSON_U32:
    case UD_JSON_U32_NULL:
        return json_integer(READ(uint32_t, place));
    case UD_JSON_SIZE:
        return json_integer((json_int_t)READ(size_t, place));
    case UD_JSON_INT_NULL:
        return json_integer(READ(int, place));
    default:
        return json_integer(READ(int64_t, place));
    }
}

static json_t *number_or_null(const ud_json_field_t *field, const uint8_t *place)
{
    json_t *number = number_at(field->kind, place);
    if (json_integer_value(number) != field->size) {
        return number;
    }
    json_decref(number);
    return json_null();
}

static json_t *field_json(const ud_json_field_t *field, const uint8_t *view)
{
    const uint8_t *place = view + field->offset;
    switch (field->kind) {
    case UD_JSON_TEXT:
        return text_at(place, empty_text);
    case UD_JSON_TEXT_NULL:
        return text_at(place, json_null);
    case UD_JSON_BOOL:
        return json_boolean(READ(bool, place));
    case UD_JSON_U8:
    case UD_JSON_U16:
    case UD_JSON_U32:
    case UD_JSON_U64:
    case UD_JSON_I64:
    case UD_JSON_SIZE:
        return number_at(field->kind, place);
    case UD_JSON_U32_NULL:
    case UD_JSON_U64_NULL:
    case UD_JSON_I64_NULL:
    case UD_JSON_INT_NULL:
        return number_or_null(field, place);
    case UD_JSON_DOUBLE:
        return json_real(READ(double, place));
    case UD_JSON_NAME:
        return name_json(field->names, READ(int, place));
    case UD_JSON_ERROR_NULL:
        return error_json(READ(int, place));
    case UD_JSON_DIGEST:
        return digest_json(place);
    case UD_JSON_STATES:
        return states_json(place);
    case UD_JSON_OBJECT:
        return ud_operator_json(field->fields, place);
    case UD_JSON_LIST:
        return items_json(field, pointer_at(place), READ(size_t, view + field->count_offset));
    case UD_JSON_ARRAY:
        return items_json(field, place, READ(size_t, view + field->count_offset));
    case UD_JSON_END:
        break;
    }
    return NULL;
}

json_t *ud_operator_json(const ud_json_field_t *fields, const void *view)
{
    json_t *object = json_object();
    for (const ud_json_field_t *field = fields; field->kind != UD_JSON_END; field++) {
        if (json_object_set_new(object, field->name, field_json(field, view)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}
