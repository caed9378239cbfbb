/* Store: what makes the fleet durable. Small and batch-shaped: load everything, write a batch, page through events.
 *
 * The domain says what a row is (structures and columns here and in row.c); a store only knows how to keep rows. All
 * rows but events and executions of finished rollouts are loaded into RAM at start and never read again.
 *
 *   table       one row for                              written
 *   meta        the fleet: salt, clock                   with every batch whose second differs
 *   account     a person's account                       rarely
 *   session     a signed-in person                       at sign-in and sign-out
 *   signing_key a public key images may be signed with   rarely
 *   claim_key   a product line's claim key               rarely; `used` with a registration
 *   grp         a group                                  rarely
 *   release     a release                                at upload
 *   artifact    a release at one chunk size              at upload
 *   rollout     a rollout                                when its status or batch changes
 *   batch       a batch of it                            when its state changes
 *   tally       outcomes of a finished rollout           when it finishes
 *   device      identity, group and flags                rarely
 *   report      what a device last reported (hot)        at each report, or within 30 s; narrow, no secondary index
 *   execution   device x rollout x attempt               at offer and when its state changes
 *   event       what happened, also the audit log        append-only
 *
 * Events are found without an index: each row names the event before it of the same device and of the same release or
 * rollout, and devices, releases and rollouts remember their newest. Deleting old events only ends these chains.
 */
#ifndef UD_DOMAIN_STORE_H
#define UD_DOMAIN_STORE_H

#include "core/base/err.h"
#include "core/base/limits.h"
#include "core/image/scheme.h"
#include "server/domain/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In this order rows are loaded: what is referred to comes first. */
typedef enum {
    UD_ROW_META,
    UD_ROW_ACCOUNT,
    UD_ROW_SESSION,
    UD_ROW_KEY,
    UD_ROW_CLAIM_KEY,
    UD_ROW_GROUP,
    UD_ROW_RELEASE,
    UD_ROW_ARTIFACT,
    UD_ROW_ROLLOUT,
    UD_ROW_BATCH,
    UD_ROW_TALLY,
    UD_ROW_DEVICE,
    UD_ROW_REPORT,
    UD_ROW_EXECUTION, /* loaded: those of rollouts that are not completed, and the newest */
    UD_ROW_EVENT,     /* loaded: the newest */
    UD_ROW_COUNT
} ud_row_type_t;

/* Rows. Texts are borrowed: on load until the callback returns, on write until put returns; NULL is allowed where the
 * view allows it. Times are wall clock in ms. Numbers begin at 1; 0 means none.
 */
typedef struct {
    uint32_t number; /* always 1 */
    uint8_t salt[16];
    int64_t wall_high_ms; /* the highest wall clock that was believed */
} ud_row_meta_t;

typedef struct {
    const char *name;
    const char *password_hash;
    uint8_t role;
} ud_row_account_t;

typedef struct {
    uint8_t session[UD_SHA256_SIZE];
    const char *account;
    int64_t expires_ms;
} ud_row_session_t;

typedef struct {
    const char *name;
    const char *type; /* name of its scheme: "ecdsa-p256" */
    ud_public_key_t public_key;
    uint8_t key_hash[UD_SHA256_SIZE];
    int64_t created_ms;
} ud_row_key_t;

typedef struct {
    const char *name;
    uint8_t secret_hash[UD_SHA256_SIZE];
    const char *group;
    bool approve;
    int64_t created_ms;
    uint32_t used;
} ud_row_claim_key_t;

typedef struct {
    uint32_t number;
    const char *name;
    const char *description;
} ud_row_group_t;

typedef struct {
    uint32_t number;
    const char *version;
    const char *hardware;
    uint32_t image_size;
    uint8_t file_digest[UD_SHA256_SIZE];
    uint8_t image_digest[UD_SHA256_SIZE];
    uint8_t key_hash[UD_SHA256_SIZE];
    ud_signature_t signature;
    bool encrypted; /* nobody but its devices knows the plain text */
    uint32_t security_counter;
    const char *notes;
    const char *created_by;
    int64_t created_ms;
    uint64_t last_event;
} ud_row_release_t;

typedef struct {
    uint32_t release;
    uint16_t chunk_size;
    uint8_t artifact_digest[UD_SHA256_SIZE];
    uint32_t artifact_size;
    uint8_t chain_root[UD_SHA256_SIZE];
    bool has_descriptor;
    ud_signature_t descriptor;
} ud_row_artifact_t;

typedef struct {
    uint32_t number;
    uint32_t release;
    uint32_t group; /* 0: all */
    const char *from;
    double failure_limit_percent;
    double success_percent;
    uint32_t min_sample;
    uint32_t soak_s;
    uint32_t concurrency_max;
    uint32_t retries_max;
    uint32_t progress_timeout_s;
    bool forced;
    bool rollback;
    uint8_t status; /* ud_rollout_status_t */
    uint8_t stop;   /* ud_stop_t */
    const char *stop_reason;
    uint8_t current;        /* open batch */
    uint32_t base_outcomes; /* outcomes when a person last resumed: the limit counts from here */
    uint32_t first_update;  /* no execution of it has a lower number */
    const char *created_by;
    const char *idempotency_key; /* of created_by; NULL: none */
    int64_t created_ms;
    int64_t ended_ms;
    uint64_t last_event;
} ud_row_rollout_t;

typedef struct {
    uint32_t rollout;
    uint8_t batch; /* index */
    uint8_t state; /* ud_batch_state_t */
    uint32_t planned;
    uint32_t accepted; /* failures that a person accepted by resuming */
    uint64_t boundary; /* the highest salted hash that belongs to it */
} ud_row_batch_t;

typedef struct {
    uint32_t rollout;
    uint8_t batch;
    uint8_t state; /* ud_execution_state_t, a final one */
    uint16_t err;
    uint32_t count;
} ud_row_tally_t;

typedef struct {
    uint32_t number;
    const char *id;
    uint8_t nonce[16];
    uint8_t secret_hash[UD_SHA256_SIZE];
    bool has_candidate; /* someone presented a claim key and another secret: identity lost, waits for a person */
    uint8_t candidate_hash[UD_SHA256_SIZE];
    uint32_t generation;
    const char *hardware;
    uint32_t group;
    bool pending;
    bool hold;
    bool retired;
    int64_t registered_ms;
} ud_row_device_t;

typedef struct {
    uint32_t device;
    const char *version;
    uint8_t image_digest[UD_SHA256_SIZE];
    uint32_t epoch;
    uint32_t epoch_before;
    uint32_t sequence;
    uint32_t update_id; /* the newest execution, open or final */
    uint32_t rollout;
    uint8_t batch;   /* index */
    uint8_t attempt; /* 1 for the first */
    uint8_t state;   /* ud_execution_state_t */
    uint8_t progress;
    uint16_t err;
    uint16_t flags; /* what the device said of itself: UD_DEVICE_FLAG_* of devices.h */
    uint32_t security_counter;
    uint8_t boot_reason;
    uint8_t trial_attempts;
    uint8_t abnormal_resets;
    uint16_t revert_reason;
    uint8_t battery;
    uint8_t link;
    int16_t signal;
    uint16_t chunk_size_max;
    uint32_t slot_size;
    int64_t last_seen_ms;
    uint64_t last_event;
} ud_row_report_t;

typedef struct {
    uint32_t number; /* the update id on the wire */
    uint32_t device;
    uint32_t rollout;
    uint8_t batch;
    uint8_t attempt;
    uint8_t state; /* ud_execution_state_t */
    uint16_t err;
    int64_t offered_ms;
    int64_t ended_ms;
} ud_row_execution_t;

typedef enum { UD_OBJECT_NONE, UD_OBJECT_RELEASE, UD_OBJECT_ROLLOUT } ud_object_t;

typedef struct {
    uint64_t number;
    int64_t at_ms;
    const char *kind;
    uint32_t device;
    uint8_t object_type; /* ud_object_t */
    uint32_t object;
    const char *actor;
    const char *source_address;
    const char *text;
    uint16_t err;
    uint64_t device_before; /* the event before of the same device, of the same object */
    uint64_t object_before;
} ud_row_event_t;

/* ---- columns: one description for every store (row.c) ------------------------------------------------------------- */

typedef enum {
    UD_COLUMN_U8,
    UD_COLUMN_U16,
    UD_COLUMN_I16,
    UD_COLUMN_U32,
    UD_COLUMN_U64, /* kept as the signed integer of the same bits */
    UD_COLUMN_I64,
    UD_COLUMN_BOOL,
    UD_COLUMN_DOUBLE,
    UD_COLUMN_TEXT,  /* const char *, may be NULL */
    UD_COLUMN_BLOB,  /* `size` bytes inside the row */
    UD_COLUMN_SIZED, /* ud_signature_t, ud_public_key_t: as many bytes as it has */
} ud_column_kind_t;

typedef struct {
    const char *name;
    ud_column_kind_t kind;
    uint16_t offset;
    uint16_t size;
} ud_column_t;

typedef struct {
    const char *name;
    const ud_column_t *columns;
    uint8_t column_count;
    uint8_t key_count; /* the first columns are the key */
    uint16_t row_size;
} ud_table_t;

/* By ud_row_type_t. */
extern const ud_table_t ud_tables[UD_ROW_COUNT];

/* The largest row structure and the most columns; buffers of stores have these. */
#define UD_ROW_SIZE_MAX 1024
#define UD_COLUMN_COUNT_MAX 32

/* ---- the store ------------------------------------------------------------------------------------------------------ */

/* One row during load. Return an error to end the load with it. */
typedef ud_err_t (*ud_row_fn)(void *context, ud_row_type_t type, const void *row);

typedef enum { UD_EVENTS_ALL, UD_EVENTS_OF_DEVICE, UD_EVENTS_OF_OBJECT } ud_event_chain_t;

/* Newest first: begins at event `from`, or the newest below when it is gone (ALL), and follows the chain. */
typedef struct {
    ud_event_chain_t chain;
    uint64_t from;
    size_t limit; /* 1 to UD_PAGE_SIZE_MAX */
} ud_event_query_t;

typedef struct {
    ud_row_event_t *rows; /* in the arena, texts too */
    size_t count;
    uint64_t next; /* `from` of the next page, 0 at the end */
} ud_event_rows_t;

typedef struct ud_store ud_store_t;

/* A store is a structure that begins with a ud_store_t. One thread at a time. */
typedef struct {
    /* Gives every row to `fn`, in the order of ud_row_type_t. */
    ud_err_t (*load)(ud_store_t *store, ud_row_fn fn, void *context);

    /* One batch: begin, any number of put and remove, then commit or rollback. put replaces the row of the same key;
     * remove looks at the key columns only. After an error of any of them the batch is void: call rollback.
     * commit returns UD_OK only when the batch survives power failure.
     * Errors: UD_ERR_STORAGE_FULL, UD_ERR_STORAGE.
     */
    ud_err_t (*begin)(ud_store_t *store);
    ud_err_t (*put)(ud_store_t *store, ud_row_type_t type, const void *row);
    ud_err_t (*remove)(ud_store_t *store, ud_row_type_t type, const void *row);
    ud_err_t (*commit)(ud_store_t *store);
    void (*rollback)(ud_store_t *store);

    /* A page of committed events. Errors: UD_ERR_STORAGE, UD_ERR_TOO_LARGE (the arena is at its cap). */
    ud_err_t (*events)(ud_store_t *store, const ud_event_query_t *query, ud_arena_t *arena, ud_event_rows_t *page);

    void (*destroy)(ud_store_t *store);
} ud_store_ops_t;

struct ud_store {
    const ud_store_ops_t *ops;
};

#endif
