/* Commands: everything that doors ask of the fleet, and what they get back.
 *
 * A door fills a ud_command_t whose texts and arrays live in its arena, hands it to the engine thread (io/engine.h) and
 * owns it again at completion. The engine applies commands one after another (ud_fleet_apply), makes what they wrote
 * durable in one commit, and only then completes them: a completed command is never lost.
 *
 *      door (I/O thread)            engine thread                               store
 *      fill command  --- queue -->  ud_fleet_apply: checks, changes RAM,
 *                                   appends rows to the batch  ------------->   one transaction
 *      answer        <-- done ----  after the commit
 *
 * Times are milliseconds since 1970 in UTC unless the name says otherwise. Texts are UTF-8 and bounded (limits.h).
 */
#ifndef UD_DOMAIN_COMMAND_H
#define UD_DOMAIN_COMMAND_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/proto/message.h"
#include "server/domain/arena.h"
#include "server/domain/view.h"

typedef enum {
    /* of devices */
    UD_COMMAND_REGISTER,
    UD_COMMAND_TOKEN,
    UD_COMMAND_RETIRE,
    UD_COMMAND_CHECKIN,
    UD_COMMAND_DEVICE_AUTH, /* is this token generation still good? (artifact requests) */
    /* of people: who is asking */
    UD_COMMAND_ACCOUNT_GET,    /* password hash for a sign-in; the door checks it in a worker */
    UD_COMMAND_ACCOUNT_CREATE, /* also the first admin */
    UD_COMMAND_ACCOUNT_RESET, /* by the server itself: this account is an admin with this password, signed in nowhere */
    UD_COMMAND_SESSION_CREATE,
    UD_COMMAND_SESSION_CHECK,
    UD_COMMAND_SESSION_END,
    UD_COMMAND_PASSWORD_SET, /* of the account that asks; ends its other sessions */
    /* of people: changes */
    UD_COMMAND_KEY_ADD, /* a public key that images may be signed with */
    UD_COMMAND_CLAIM_KEY_CREATE,
    UD_COMMAND_RELEASE_CREATE, /* after the upload was verified and its files are in place */
    UD_COMMAND_GROUP_CREATE,
    UD_COMMAND_DEVICE_UPDATE, /* group, hold, retire */
    UD_COMMAND_ROLLOUT_CREATE,
    UD_COMMAND_ROLLOUT_ACT,
    /* of people: questions, answered from RAM or from the store's pages */
    UD_COMMAND_QUERY_SUMMARY,
    UD_COMMAND_QUERY_DEVICES,
    UD_COMMAND_QUERY_DEVICE, /* with eligibility: why is it not updating? */
    UD_COMMAND_QUERY_DEVICE_EVENTS,
    UD_COMMAND_QUERY_GROUPS,
    UD_COMMAND_QUERY_KEYS,
    UD_COMMAND_QUERY_CLAIM_KEYS,
    UD_COMMAND_QUERY_RELEASES,
    UD_COMMAND_QUERY_RELEASE,
    UD_COMMAND_QUERY_ROLLOUTS,
    UD_COMMAND_QUERY_ROLLOUT,
    UD_COMMAND_QUERY_EVENTS,
    UD_COMMAND_QUERY_CHANGES, /* what changed since a revision: feeds the live stream */
    UD_COMMAND_COUNT
} ud_command_type_t;

/* Roles, each including those before it. */
typedef enum { UD_ROLE_NONE, UD_ROLE_VIEWER, UD_ROLE_OPERATOR, UD_ROLE_APPROVER, UD_ROLE_ADMIN } ud_role_t;

typedef enum { UD_ROLLOUT_PAUSE, UD_ROLLOUT_RESUME, UD_ROLLOUT_HALT } ud_rollout_act_t;

/* The least role that may ask for `type`; UD_ROLE_NONE: no session is needed (devices, signing in). One table, fleet.c. */
ud_role_t ud_command_role(ud_command_type_t type);

/* A claim key or account name and similar short names: 1 to UD_NAME_SIZE_MAX bytes of letters, digits, - _ . */

typedef struct {
    const ud_register_t *message;
} ud_register_in_t;

/* Result of register and token: the door signs a token with `generation` when status is active. */
typedef struct {
    ud_register_status_t status;
    uint32_t generation;
    uint32_t next_s;
} ud_register_out_t;

typedef struct {
    const ud_checkin_t *message;
    uint32_t generation; /* of the token that was presented */
} ud_checkin_in_t;

typedef struct {
    const char *device_id;
    uint32_t generation;
} ud_device_auth_in_t;

typedef struct {
    const char *name;
    const char *password_hash; /* argon2id string of libsodium */
    ud_role_t role;
    bool only_if_none; /* create only when there is no account at all: the first admin */
} ud_account_in_t;

typedef struct {
    uint8_t session[UD_SHA256_SIZE]; /* SHA-256 of the session token; the token itself is never stored */
    const char *account;
    int64_t expires_ms;
    ud_command_type_t may; /* SESSION_CHECK: FORBIDDEN unless its role allows this; 0: no matter what it allows */
} ud_session_in_t;

typedef struct {
    const char *name;
    const char *type; /* name of its scheme */
    ud_public_key_t public_key;
    uint8_t key_hash[UD_SHA256_SIZE]; /* core/image/trusted.h */
} ud_key_in_t;

typedef struct {
    const char *name;
    uint8_t secret_hash[UD_SHA256_SIZE]; /* SHA-256 of the claim key */
    const char *group;                   /* devices join it; NULL: "default" */
    bool approve;                        /* devices wait for approval */
} ud_claim_key_in_t;

typedef struct {
    const ud_release_t *release; /* id and created_ms are given by the engine */
} ud_release_in_t;

typedef struct {
    const char *name;
    const char *description;
} ud_group_in_t;

typedef struct {
    const char *device_id;
    const char *group; /* NULL: as it is */
    int hold;          /* -1 as it is, 0 no, 1 yes: gets no offers */
    bool approve;      /* ends pending; of a lost identity: the newly presented credential replaces the old one */
    bool retire;
} ud_device_update_in_t;

typedef struct {
    const char *release_id;
    const char *group; /* NULL: all devices of the release's hardware */
    ud_batch_plan_t plans[UD_BATCH_COUNT_MAX];
    size_t plan_count;            /* 0: one batch of everything; devices left over form a last batch */
    double failure_limit_percent; /* halts when more than this share of outcomes failed or rolled back; < 0: 2 */
    uint32_t min_sample;          /* outcomes before the limit counts; 0: 10. Never more than the open batch has */
    double success_percent;       /* of reachable devices: opens the next batch; <= 0: 95 */
    uint32_t soak_s;              /* between a passed batch and the next */
    uint32_t concurrency_max;     /* devices updating at a time; 0: no limit */
    uint32_t retries_max;         /* per device */
    uint32_t progress_timeout_s;  /* no progress for so long is a failure, timed_out; 0: 3600 */
    bool forced;
    bool rollback;               /* allows an older version than the running one */
    const char *idempotency_key; /* of this account: within a day the same key gives the rollout it made; or NULL */
} ud_rollout_in_t;

typedef struct {
    const char *rollout_id;
    ud_rollout_act_t act;
    const char *reason; /* shown to people, may be NULL */
} ud_rollout_act_in_t;

/* Filter and page of a device list; NULL or -1 means any. */
typedef struct {
    const char *text; /* part of the id */
    const char *group;
    const char *hardware;
    const char *version;
    const char *rollout_id;
    int state;  /* ud_view_state_t */
    int online; /* 0, 1 */
    size_t offset;
    size_t limit; /* 1 to UD_PAGE_SIZE_MAX */
} ud_device_filter_t;

/* Page of another list: groups, keys, claim keys, releases, rollouts. */
typedef struct {
    size_t offset;
    size_t limit;        /* 0: all, for the server itself; doors give people 1 to UD_PAGE_SIZE_MAX */
    const char *version; /* releases: of this version alone; or NULL */
    int active;          /* rollouts: 1 for those not completed alone */
} ud_list_in_t;

typedef struct {
    const char *id;  /* device, release or rollout */
    uint64_t before; /* events with a lower number only; 0: from the newest */
    size_t limit;
} ud_lookup_in_t;

typedef struct {
    uint64_t since;                /* revision of the last answer; 0: everything named */
    const char *const *device_ids; /* the rows on the screen, at most UD_WATCH_COUNT_MAX */
    size_t device_count;
} ud_changes_in_t;

typedef struct ud_command {
    ud_command_type_t type;
    ud_arena_t *arena; /* the door's; results are allocated here */

    /* Who asks. Of devices: empty. Of people: SHA-256 of the session token; the engine finds account and role.
     * All zero where no session is needed (ud_command_role) and for what the server itself asks at its start: the first
     * admin. SESSION_CHECK and SESSION_END are about this session; SESSION_CREATE about the one in `in`.
     */
    uint8_t session[UD_SHA256_SIZE];
    const char *source_address; /* for event and audit rows */

    union {
        ud_register_in_t enrol;
        const ud_token_request_t *credential; /* token and retire */
        ud_checkin_in_t checkin;
        ud_device_auth_in_t device_auth;
        const char *account_name;
        const char *password_hash; /* the new one */
        ud_account_in_t account;
        ud_session_in_t session;
        ud_key_in_t key;
        ud_claim_key_in_t claim_key;
        ud_release_in_t release;
        ud_group_in_t group;
        ud_device_update_in_t device;
        ud_rollout_in_t rollout;
        ud_rollout_act_in_t rollout_act;
        ud_device_filter_t filter;
        ud_list_in_t list;
        ud_lookup_in_t lookup;
        ud_changes_in_t changes;
    } in;

    /* Result: err, and when it is not UD_OK a detail for people and the offending field (static or in the arena). */
    ud_err_t err;
    const char *detail;
    const char *field;
    bool wrote; /* the batch holds something of this answer: it waits for the commit */

    /* The thing as it is after the command. KEY_ADD, CLAIM_KEY_CREATE and GROUP_CREATE give a page of the one they made,
     * DEVICE_UPDATE the device, ROLLOUT_CREATE and ROLLOUT_ACT the rollout, SESSION_CREATE and SESSION_CHECK the session.
     * RELEASE_CREATE gives the release, also with UD_ERR_EXISTS: then the earlier one of the same image.
     */
    union {
        ud_register_out_t enrol;
        ud_offer_t offer;
        ud_account_t account;
        ud_session_t session;
        ud_summary_t summary;
        ud_device_page_t devices;
        ud_device_detail_t device;
        ud_event_page_t events;
        ud_group_page_t groups;
        ud_key_page_t keys;
        ud_claim_key_page_t claim_keys;
        ud_release_page_t releases;
        ud_release_t release;
        ud_rollout_page_t rollouts;
        ud_rollout_t rollout;
        ud_changes_t changes;
    } out;
} ud_command_t;

#endif
