/* Views: what doors show of the fleet. Plain values; texts live in the command's arena, NULL where there is none. */
#ifndef UD_DOMAIN_VIEW_H
#define UD_DOMAIN_VIEW_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/image/scheme.h"
#include "server/domain/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a person sees of a device. */
typedef enum {
    UD_VIEW_IDLE,
    UD_VIEW_DOWNLOADING,
    UD_VIEW_UPDATING,
    UD_VIEW_SUCCESS,
    UD_VIEW_FAILED,
    UD_VIEW_ROLLED_BACK,
    UD_VIEW_STATE_COUNT
} ud_view_state_t;

/* Life of a rollout. */
typedef enum {
    UD_ROLLOUT_RUNNING,
    UD_ROLLOUT_PAUSED,
    UD_ROLLOUT_HALTED,    /* by a person or a breached limit; takes no more devices, may be resumed by a person */
    UD_ROLLOUT_COMPLETED, /* every member that can be reached has an outcome */
    UD_ROLLOUT_STATUS_COUNT
} ud_rollout_status_t;

typedef enum {
    UD_BATCH_WAITING,
    UD_BATCH_RUNNING,
    UD_BATCH_SOAKING,
    UD_BATCH_PASSED,
    UD_BATCH_HALTED
} ud_batch_state_t;

/* Who or what stopped a rollout. */
typedef enum {
    UD_STOP_NONE,
    UD_STOP_PERSON,
    UD_STOP_FAILURE_LIMIT,
    UD_STOP_CLOCK, /* the wall clock is behind what was seen before: no new offers until it caught up */
    UD_STOP_GATE,  /* a batch ended below its success share */
} ud_stop_t;

/* A batch as planned: a share of the matching devices, or a count. */
typedef struct {
    double percent; /* 0: use count */
    uint32_t count;
} ud_batch_plan_t;

typedef struct {
    const char *name;
    const char *password_hash;
    int role; /* ud_role_t */
} ud_account_t;

typedef struct {
    const char *account;
    int role; /* ud_role_t */
    int64_t expires_ms;
} ud_session_t;

typedef struct {
    uint64_t number; /* grows by one; also the page cursor */
    int64_t at_ms;
    const char *kind;    /* stable name: "registered", "offered", "state", "rollout_halted", ... */
    const char *device;  /* or NULL */
    const char *rollout; /* or NULL */
    const char *actor;   /* account, or NULL for device and engine */
    const char *text;    /* one line for people */
    ud_err_t err;
} ud_event_t;

typedef struct {
    const ud_event_t *items;
    size_t count;
    uint64_t next; /* `before` of the next page, 0 at the end */
} ud_event_page_t;

typedef struct {
    const char *id;
    const char *hardware;
    const char *group;
    const char *version;
    const char *target;     /* version it is offered or updating to, or NULL */
    const char *rollout_id; /* of the target or of the last outcome, or NULL */
    ud_view_state_t state;
    uint8_t progress;   /* percent */
    ud_err_t err;       /* why it failed or rolled back */
    const char *reason; /* why it waits or failed, one line for people, or NULL */
    bool online;
    bool pending; /* waits for approval */
    bool hold;
    uint32_t batch; /* 1 for the first; 0: none */
    int64_t last_seen_ms;
    int64_t registered_ms;
    uint64_t revision; /* of its last visible change */
} ud_device_t;

typedef struct {
    const char *label;
    uint32_t count;
} ud_count_t;

typedef struct {
    const ud_device_t *items;
    size_t count;
    size_t offset;
    size_t total;                         /* that match */
    uint32_t states[UD_VIEW_STATE_COUNT]; /* facets: of all that match but for the state filter */
} ud_device_page_t;

/* One line of "why is it not updating?", in evaluation order. */
typedef struct {
    const char *check; /* stable name: "registered", "not_held", "rollout", "batch", "gate", ... */
    bool passed;
    const char *detail; /* for people */
} ud_check_t;

typedef struct {
    ud_device_t device;
    const char *image_digest; /* hex */
    uint32_t security_counter;
    int boot_reason;
    ud_err_t revert_reason;
    uint32_t trial_attempts;  /* starts that the present trial has used up */
    uint32_t abnormal_resets; /* between the last two check-ins */
    int battery;              /* percent, -1 unknown */
    int link;                 /* api/device.cddl link-type, -1 unknown */
    int signal;               /* dBm, 0 unknown */
    bool journal_worn;
    const ud_check_t *checks;
    size_t check_count;
    const ud_event_t *events; /* newest first */
    size_t event_count;
} ud_device_detail_t;

typedef struct {
    const char *name;
    const char *description;
    uint32_t device_count;
} ud_group_t;

typedef struct {
    const ud_group_t *items;
    size_t count;
    size_t offset;
    size_t total;
} ud_group_page_t;

typedef struct {
    const char *name;
    const char *key_hash; /* hex */
    int64_t created_ms;
    const char *type;           /* name of its scheme: "ecdsa-p256" */
    ud_public_key_t public_key; /* for the door that judges uploads; not shown */
} ud_key_view_t;

typedef struct {
    const ud_key_view_t *items;
    size_t count;
    size_t offset;
    size_t total;
} ud_key_page_t;

typedef struct {
    const char *name;
    const char *group;
    bool approve;
    int64_t created_ms;
    uint32_t used; /* registrations */
} ud_claim_key_view_t;

typedef struct {
    const ud_claim_key_view_t *items;
    size_t count;
    size_t offset;
    size_t total;
} ud_claim_key_page_t;

/* How a release is served at one chunk size. */
typedef struct {
    uint16_t chunk_size;
    uint8_t artifact_digest[UD_SHA256_SIZE]; /* SHA-256 of the chain file */
    uint32_t artifact_size;
    uint8_t chain_root[UD_SHA256_SIZE];
    bool has_descriptor;
    ud_signature_t descriptor;
} ud_release_artifact_t;

typedef struct {
    const char *id; /* "F-7" */
    const char *version;
    const char *hardware;
    uint32_t image_size;
    uint8_t file_digest[UD_SHA256_SIZE];  /* SHA-256 of the image file: its name in the artifact folder */
    uint8_t image_digest[UD_SHA256_SIZE]; /* hash TLV */
    uint8_t key_hash[UD_SHA256_SIZE];
    ud_signature_t signature;
    bool
        encrypted; /* the hash is over the plain text, which only devices know: its signature was judged, not the hash */
    uint32_t security_counter;
    ud_release_artifact_t artifacts[UD_CHUNK_KIND_COUNT];
    size_t artifact_count;
    const char *notes;
    const char *created_by;
    int64_t created_ms;
    uint32_t device_count; /* devices that run it */
} ud_release_t;

typedef struct {
    const ud_release_t *items;
    size_t count;
    size_t offset;
    size_t total;
} ud_release_page_t;

typedef struct {
    ud_batch_state_t state;
    uint32_t planned; /* devices, frozen at start */
    uint32_t offered; /* have or had an execution */
    uint32_t updating;
    uint32_t succeeded;
    uint32_t failed;
    uint32_t rolled_back;
    uint32_t unreachable; /* not seen for three intervals: neither block nor fail the gate */
} ud_batch_t;

typedef struct {
    const char *id; /* "R-3" */
    const char *release_id;
    const char *version;
    const char *from; /* most common version among the members at start, or NULL */
    const char *hardware;
    const char *group; /* NULL: all */
    ud_rollout_status_t status;
    ud_stop_t stop;
    const char *stop_reason; /* for people */
    ud_batch_t batches[UD_BATCH_COUNT_MAX];
    size_t batch_count;
    size_t current; /* index of the batch that is open or was open last */
    double failure_limit_percent;
    uint32_t min_sample;
    double success_percent;
    const ud_count_t *failures; /* labels are error codes */
    size_t failure_count;
    const ud_count_t *waits; /* labels are stable wait reasons: "batch", "offline", "held", "busy" */
    size_t wait_count;
    const char *created_by;
    int64_t created_ms;
    int64_t ended_ms; /* 0: not yet */
    uint64_t revision;
} ud_rollout_t;

typedef struct {
    const ud_rollout_t *items;
    size_t count;
    size_t offset;
    size_t total;
} ud_rollout_page_t;

typedef struct {
    uint32_t devices;
    uint32_t online;
    uint32_t groups;
    uint32_t pending;
    uint32_t states[UD_VIEW_STATE_COUNT];
    uint32_t outcomes;          /* of all rollouts' executions that ended */
    uint32_t successes;         /* of those */
    const ud_count_t *versions; /* most common first; they and hardware as they were in this second or the last one */
    size_t version_count;
    const ud_count_t *hardware;
    size_t hardware_count;
    uint64_t revision;
} ud_summary_t;

typedef struct {
    uint64_t revision; /* `since` of the next question */
    bool reset;        /* the server restarted: read everything again */
    ud_summary_t summary;
    const ud_rollout_t *rollouts; /* changed since */
    size_t rollout_count;
    const ud_device_t *devices; /* watched and changed since */
    size_t device_count;
} ud_changes_t;

#endif
