/* Inside of the fleet: shared by the files of server/domain, by nobody else.
 *
 *   fleet.c     create, apply (dispatch, roles), tick        people.c     accounts, sessions, keys, claim keys, groups
 *   pending.c   rows since the last commit, events, commit   catalogue.c  releases
 *   load.c      from rows to columns                         rollout.c    create, act, and the views of rollouts
 *   enrol.c     register, token, retire                      gate.c       batches: pass, halt, complete
 *   checkin.c   reports and answers                          census.c     counters and who waits where
 *   progress.c  executions, time-outs, silence               view.c       views of devices, releases, events
 *   offer.c     who may have what, and why not               query.c      questions
 *   page.c      pages of lists
 */
#ifndef UD_DOMAIN_STATE_H
#define UD_DOMAIN_STATE_H

#include "server/domain/devices.h"
#include "server/domain/execution.h"
#include "server/domain/fleet.h"

/* A batch as it stands. The first group is stored; the second comes from tallies; the third from the census. */
typedef struct {
    ud_row_batch_t row;

    uint32_t succeeded;
    uint32_t failed;
    uint32_t rolled_back;

    uint32_t open; /* have an execution that is not final */
    uint32_t open_online;
    uint32_t retry;       /* of open: wait for their next attempt */
    uint32_t wait;        /* match and had no outcome */
    uint32_t wait_online; /* of wait: reachable and not held */
    uint32_t wait_held;
    uint32_t joined; /* members since the start (or the load) of this run that were not planned, and that went */
    uint32_t left;
} ud_batch_state_live_t;

typedef struct {
    ud_row_rollout_t row; /* texts are owned */
    ud_batch_state_live_t batches[UD_BATCH_COUNT_MAX];
    uint8_t batch_count;
    ud_row_tally_t *tallies;
    size_t tally_count;
    uint8_t key[16]; /* of its salted hash */
    uint8_t *done;   /* a bit per device that had its outcome; NULL once completed */
    size_t done_size;
    uint64_t soak_until_ms; /* monotonic */
    uint64_t reached_ms;    /* monotonic: last time that a member was reachable or had an outcome */
    uint64_t revision;
    uint32_t hardware; /* interned; of the release */
    bool check;        /* counters changed: gate.c looks at it before the command ends */
} ud_rollout_live_t;

typedef struct {
    ud_row_release_t row; /* texts are owned */
    ud_row_artifact_t artifacts[UD_CHUNK_KIND_COUNT];
    size_t artifact_count;
} ud_release_live_t;

typedef struct {
    ud_row_group_t row;
    uint32_t device_count;
} ud_group_live_t;

/* What a device is to an active rollout. */
typedef enum { UD_MEMBER_NONE, UD_MEMBER_WAITS, UD_MEMBER_OPEN, UD_MEMBER_DONE } ud_member_kind_t;

typedef struct {
    uint8_t kind; /* ud_member_kind_t */
    uint8_t batch;
    bool online;
    bool held;
    bool retry;
} ud_member_t;

/* The most common labels, most common first: copies, since what they were counted from changes. */
typedef struct {
    struct {
        char label[UD_HARDWARE_SIZE_MAX + 1];
        uint32_t count;
    } items[UD_TOP_COUNT_MAX];
    size_t count;
} ud_top_t;
_Static_assert(UD_HARDWARE_SIZE_MAX >= UD_VERSION_TEXT_SIZE_MAX, "a label is a hardware id or a version");

/* A rarely changing row to be written, or removed, at the next commit. */
typedef struct {
    ud_row_type_t type;
    uint32_t number; /* position in its list, or its number */
    uint32_t part;   /* batch */
} ud_pending_ref_t;

/* Rows since the last commit. */
typedef struct {
    uint64_t changes; /* counts everything that was ever noted: a command that moved it wrote */
    bool meta;
    ud_pending_ref_t *refs;
    size_t ref_count, ref_capacity;
    uint32_t *devices; /* numbers with UD_DEVICE_DIRTY */
    size_t device_count, device_capacity;
    uint32_t *reports; /* numbers with UD_DEVICE_DIRTY_HOT */
    size_t report_count, report_capacity;
    ud_row_execution_t *executions;
    size_t execution_count, execution_capacity;
    ud_row_event_t *events;
    size_t event_count, event_capacity;
    ud_row_session_t *ended; /* sessions to be removed */
    size_t ended_count, ended_capacity;
    ud_arena_t *texts; /* of events */
} ud_pending_t;

struct ud_fleet {
    ud_fleet_config_t config;
    ud_store_t *store;
    ud_time_t now;     /* of the present call */
    uint64_t start_ms; /* monotonic */
    uint64_t next_tick_ms;
    uint32_t sweep; /* where the sweep of last-seen rows goes on */
    uint64_t random;

    ud_row_meta_t meta;
    ud_devices_t devices;
    ud_group_live_t *groups; /* number is index + 1; 1 is "default" */
    size_t group_count;
    ud_row_account_t *accounts;
    size_t account_count;
    ud_row_session_t *sessions;
    size_t session_count;
    ud_row_key_t *keys;
    size_t key_count;
    ud_row_claim_key_t *claim_keys;
    size_t claim_key_count;
    ud_release_live_t *releases; /* number is index + 1 */
    size_t release_count;
    ud_rollout_live_t **rollouts; /* number is index + 1 */
    size_t rollout_count;
    ud_rollout_live_t *active[UD_ROLLOUT_ACTIVE_MAX]; /* not completed, newest first */
    size_t active_count;

    uint32_t next_update;
    uint64_t next_event;
    uint64_t revision;
    uint64_t revision_base; /* answers to questions about older ones begin anew */

    /* census */
    uint32_t device_count; /* not retired */
    uint32_t online_count;
    uint32_t pending_count;
    uint32_t states[UD_VIEW_STATE_COUNT];
    uint32_t outcomes;
    uint32_t successes;
    ud_member_t before[UD_ROLLOUT_ACTIVE_MAX]; /* of the device between ud_census_leave and ud_census_enter */

    /* of summaries: query.c */
    ud_top_t top_versions;
    ud_top_t top_hardware;
    uint64_t tops_revision; /* that both were counted at */
    uint32_t tops_s;        /* second of it; 0: never */
    bool tops_lag;          /* somebody was given them after a newer revision */

    ud_pending_t pending;
    ud_err_t trouble; /* of the last commit; UD_OK: ready */
    bool unloaded;    /* RAM could not be loaded again after a failed commit */
    bool clock_behind;
    uint64_t leap_ms;  /* monotonic: since then the wall clock is too far ahead of its high-water mark to be believed */
    const char *actor; /* account of the command being applied, or NULL */
    const char *source_address;
    uint32_t reporter; /* device whose report is being applied: its events are bounded; 0: none */

    uint64_t commits;
    uint64_t rows;
};

/* ---- fleet.c ---- */
uint32_t ud_fleet_second(const ud_fleet_t *fleet); /* monotonic, since start, at least 1 */
uint64_t ud_fleet_random(ud_fleet_t *fleet);
uint32_t ud_fleet_jitter(uint32_t seconds, uint64_t salt); /* +- 10 %; the same salt gives the same */
uint32_t ud_fleet_silence_s(const ud_fleet_t *fleet);      /* without a check-in for so long: unreachable */

/* A copy that is freed with free(); NULL stays NULL. */
char *ud_text_keep(const char *text);

/* Room for one more in a growing array of `count` items. */
void *ud_array_room(void *items, size_t count, size_t *capacity, size_t item_size);

/* ---- pending.c ---- */
void ud_pending_ref(ud_fleet_t *fleet, ud_row_type_t type, uint32_t number, uint32_t part);
void ud_pending_device(ud_fleet_t *fleet, uint32_t device);
void ud_pending_report(ud_fleet_t *fleet, uint32_t device);
void ud_pending_execution(ud_fleet_t *fleet, uint32_t device, int64_t ended_ms);
void ud_pending_session_end(ud_fleet_t *fleet, const ud_row_session_t *session);
void ud_pending_clear(ud_fleet_t *fleet);

typedef struct {
    const char *kind; /* static */
    uint32_t device;
    ud_object_t object_type;
    uint32_t object;
    ud_err_t err;
} ud_event_spec_t;

/* Notes an event of the present command's actor. What a device's own report causes is only counted once the device has
 * left more events than server/domain/limits.h allows.
 */
void ud_event(ud_fleet_t *fleet, ud_event_spec_t spec, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says how many were only counted, if any and if there is room for events again. */
void ud_event_skipped(ud_fleet_t *fleet, uint32_t device);

/* ---- load.c ---- */
UD_MUST_USE ud_err_t ud_load(ud_fleet_t *fleet);
void ud_unload(ud_fleet_t *fleet);                                                 /* frees everything that is loaded */
ud_rollout_live_t *ud_rollout_new(ud_fleet_t *fleet, const ud_row_rollout_t *row); /* keeps copies of the texts */
void ud_rollout_free(ud_rollout_live_t *rollout);
void ud_rollout_activate(ud_fleet_t *fleet, ud_rollout_live_t *rollout);
ud_release_live_t *ud_release_new(ud_fleet_t *fleet, const ud_row_release_t *row);
ud_group_live_t *ud_group_new(ud_fleet_t *fleet, const ud_row_group_t *row);
ud_row_key_t *ud_key_new(ud_fleet_t *fleet, const ud_row_key_t *row);
ud_row_claim_key_t *ud_claim_key_new(ud_fleet_t *fleet, const ud_row_claim_key_t *row);
ud_row_account_t *ud_account_new(ud_fleet_t *fleet, const ud_row_account_t *row);
ud_row_session_t *ud_session_new(ud_fleet_t *fleet, const ud_row_session_t *row);

/* ---- census.c: every change of a device stands between leave and enter ---- */
void ud_census_leave(ud_fleet_t *fleet, uint32_t device);
void ud_census_enter(ud_fleet_t *fleet, uint32_t device);
ud_member_t ud_census_member(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device);
bool ud_census_matches(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device);
uint64_t ud_census_hash(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, uint32_t device);
bool ud_census_is_done(const ud_rollout_live_t *rollout, uint32_t device);
void ud_census_set_done(ud_rollout_live_t *rollout, uint32_t device);
void ud_census_count(ud_fleet_t *fleet, ud_rollout_live_t *rollout); /* the third group anew, from every device */
void ud_census_tally(ud_fleet_t *fleet, ud_rollout_live_t *rollout, uint8_t batch, ud_execution_state_t state,
                     ud_err_t err, int by);
void ud_census_online(ud_fleet_t *fleet, uint32_t device, bool online);

/* ---- gate.c ---- */
void ud_gate_run(ud_fleet_t *fleet); /* looks at every rollout with `check` */
void ud_gate_stop(ud_fleet_t *fleet, ud_rollout_live_t *rollout, ud_rollout_status_t status, ud_stop_t stop,
                  const char *reason);
void ud_gate_resume(ud_fleet_t *fleet, ud_rollout_live_t *rollout);
void ud_gate_complete(ud_fleet_t *fleet, ud_rollout_live_t *rollout); /* takes it out of the active ones */
uint32_t ud_gate_busy(const ud_rollout_live_t *rollout);              /* devices updating now */

/* ---- progress.c ---- */
/* Moves the device's newest execution to `state`; a failure becomes RETRY where another attempt is left. */
void ud_execution_move(ud_fleet_t *fleet, uint32_t device, ud_execution_state_t state, ud_err_t err);
/* The same without that choice. */
void ud_execution_set(ud_fleet_t *fleet, uint32_t device, ud_execution_state_t state, ud_err_t err);
void ud_execution_deadline(ud_fleet_t *fleet, uint32_t device); /* progress was made: the time-out begins anew */
void ud_device_seen(ud_fleet_t *fleet, uint32_t device);
void ud_device_due(ud_fleet_t *fleet, uint32_t device); /* ud_fleet_tick: its due second has come */

/* ---- offer.c ---- */
#define UD_CHECK_COUNT_MAX 16
/* One line for people about what keeps the device from an update, or NULL; in `arena`. */
const char *ud_offer_reason(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena);
size_t ud_offer_checks(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena,
                       ud_check_t checks[UD_CHECK_COUNT_MAX]);
void ud_offer_try(ud_fleet_t *fleet, uint32_t device);                           /* begins an execution if one is due */
void ud_offer_fill(const ud_fleet_t *fleet, uint32_t device, ud_offer_t *offer); /* of the open execution */

/* ---- view.c ---- */
ud_rollout_live_t *ud_rollout_find(const ud_fleet_t *fleet, const char *id); /* "R-3" */
ud_release_live_t *ud_release_find(const ud_fleet_t *fleet, const char *id); /* "F-7" or a version */
uint32_t ud_group_find(const ud_fleet_t *fleet, const char *name);           /* number, or 0 */
UD_MUST_USE ud_err_t ud_view_release(const ud_fleet_t *fleet, const ud_release_live_t *release, ud_arena_t *arena,
                                     ud_release_t *view);
UD_MUST_USE ud_err_t ud_view_rollout(const ud_fleet_t *fleet, const ud_rollout_live_t *rollout, ud_arena_t *arena,
                                     ud_rollout_t *view);
UD_MUST_USE ud_err_t ud_view_device(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena, ud_device_t *view);
UD_MUST_USE ud_err_t ud_view_detail(const ud_fleet_t *fleet, uint32_t device, ud_arena_t *arena,
                                    ud_device_detail_t *view);
UD_MUST_USE ud_err_t ud_view_events(const ud_fleet_t *fleet, const ud_event_query_t *query, ud_arena_t *arena,
                                    ud_event_page_t *page);

/* ---- handlers of commands: fill out, return the error ---- */
typedef ud_err_t (*ud_handler_fn)(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_register(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_token(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_retire(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_device_auth(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_checkin(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_account_get(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_account_create(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_account_reset(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_session_create(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_session_check(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_session_end(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_password_set(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_key_add(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_claim_key_create(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_release_create(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_group_create(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_device_update(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_rollout_create(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_rollout_act(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_summary(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_devices(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_device(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_device_events(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_groups(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_keys(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_claim_keys(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_releases(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_release(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_rollouts(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_rollout(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_events(ud_fleet_t *fleet, ud_command_t *command);
ud_err_t ud_apply_query_changes(ud_fleet_t *fleet, ud_command_t *command);

/* ---- page.c ---- */
/* A list that people read in pages: `count` items, each shown as a view of `view_size` bytes. */
typedef struct {
    size_t count;
    size_t view_size;
    bool newest_first;
    bool (*is_wanted)(const ud_fleet_t *fleet, const ud_list_in_t *in, size_t index); /* NULL: all are */
    ud_err_t (*view)(const ud_fleet_t *fleet, size_t index, ud_arena_t *arena, void *view);
} ud_list_t;

typedef struct {
    const void *items;
    size_t count;
    size_t offset;
    size_t total; /* that are wanted */
} ud_page_t;

/* Errors: UD_ERR_TOO_LARGE (the arena is full). */
UD_MUST_USE ud_err_t ud_list_page(const ud_fleet_t *fleet, const ud_list_t *list, const ud_list_in_t *in,
                                  ud_arena_t *arena, ud_page_t *page);

/* A page as the typed one that doors see. */
#define UD_PAGE_AS(type, page) ((type){(page).items, (page).count, (page).offset, (page).total})

/* Refuses names of other characters or sizes than command.h allows. */
UD_MUST_USE ud_err_t ud_name_check(ud_command_t *command, const char *name);

/* Finds the session of `hash`, not expired; NULL otherwise. */
const ud_row_session_t *ud_session_find(const ud_fleet_t *fleet, const uint8_t hash[UD_SHA256_SIZE]);
const ud_row_account_t *ud_account_find(const ud_fleet_t *fleet, const char *name);

#endif
