/* Fleet: the engine's state of the world and the only thing that changes it.
 *
 * Everything lives in RAM columns (devices.h), loaded from the store at creation; the store makes it durable. The fleet
 * is pure: it does no I/O of its own, reads no clock (`now` is given), starts no thread and takes no lock; one caller at
 * a time. The same fleet runs under a simulated clock in tests.
 *
 *      for (;;) {                                       the engine thread (io/engine.h)
 *          take commands, for a window of 2 to 10 ms
 *          ud_fleet_apply(fleet, now, command)          RAM changes, rows are appended to the batch
 *          ud_fleet_tick(fleet, now)                    deadlines: time-outs, soak, devices that fell silent
 *          err = ud_fleet_commit(fleet, now)            one transaction
 *          complete the commands                        those with `wrote` only after the commit; see there
 *      }
 *
 * A command that did not write (`wrote` false) may be completed at once. What a device or a person is told has either
 * been durable before or is in the same batch as the command that tells it: `wrote` is set for both.
 *
 * RAM: at most 250 bytes a device, its id and the index included (tests/bench/bench_fleet.c measures it).
 */
#ifndef UD_DOMAIN_FLEET_H
#define UD_DOMAIN_FLEET_H

#include "core/base/err.h"
#include "server/domain/clock.h"
#include "server/domain/command.h"
#include "server/domain/store.h"

typedef struct ud_fleet ud_fleet_t;

/* All zero but the seed is a sensible configuration. */
typedef struct {
    uint32_t checkin_interval_s; /* what an idle device is told, spread by 10 %; 0: 300 */
    uint32_t update_interval_s;  /* the same while it updates; 0: 30, or the idle interval when that is shorter */
    uint32_t tail_s; /* a rollout waits so long for members that fell silent before it is completed; 0: 86 400 */
    uint32_t device_count_max; /* registrations beyond are answered UD_ERR_TOO_MANY; 0: UD_DEVICE_COUNT_MAX */
    uint8_t seed[16];          /* random bytes: jitter, hashes, and the salt of batches when the store has none yet */
} ud_fleet_config_t;

/* Makes a fleet and loads everything from `store`, which must outlive it. Blocks: about 3 s for a million devices.
 * Open executions get their full time-outs again, so the time the server was down counts against nobody.
 * Errors: UD_ERR_STORAGE (unreadable, or the rows contradict each other), UD_ERR_INTERNAL (memory).
 */
UD_MUST_USE ud_err_t ud_fleet_create(const ud_fleet_config_t *config, ud_store_t *store, ud_time_t now,
                                     ud_fleet_t **fleet);

/* Frees the fleet, not the store. NULL is allowed. */
void ud_fleet_destroy(ud_fleet_t *fleet);

/* Applies one command: fills err, detail, field, wrote and out. Never blocks, but for UD_COMMAND_QUERY_EVENTS
 * and UD_COMMAND_QUERY_DEVICE(_EVENTS), which read a page of events from the store (milliseconds).
 * While the fleet is not ready (see below), commands that would write are refused with UD_ERR_STORAGE_FULL or
 * UD_ERR_STORAGE: nothing is acknowledged that is not kept.
 */
void ud_fleet_apply(ud_fleet_t *fleet, ud_time_t now, ud_command_t *command);

/* Writes all rows since the last commit in one transaction; cheap when there are none. Blocks for an fsync.
 * On an error nothing of the batch is in the store, and RAM has been loaded again from it: the caller gives every command
 * with `wrote` the error returned here instead of its result (err = it, out is void) and completes it.
 * Errors: UD_ERR_STORAGE_FULL, UD_ERR_STORAGE. Afterwards the fleet is not ready until a commit succeeds; ud_fleet_tick
 * tries every second.
 */
UD_MUST_USE ud_err_t ud_fleet_commit(ud_fleet_t *fleet, ud_time_t now);

/* Does what is due: time-outs, retries, soak times, silent devices, last-seen rows. Call it when ud_fleet_next_deadline
 * has come, or more often. May append rows: commit afterwards.
 */
void ud_fleet_tick(ud_fleet_t *fleet, ud_time_t now);

/* Monotonic time in ms at which the next ud_fleet_tick is useful; at most a second from the last one. */
uint64_t ud_fleet_next_deadline(const ud_fleet_t *fleet);

/* Rows wait for a commit. */
bool ud_fleet_dirty(const ud_fleet_t *fleet);

/* False after a failed commit, until one succeeds: /readyz. */
bool ud_fleet_ready(const ud_fleet_t *fleet);

/* What a fleet costs and holds, for /metrics and the benchmark. */
typedef struct {
    uint32_t devices;
    size_t bytes; /* allocated for devices: columns, ids, index, wheel */
    uint64_t commits;
    uint64_t rows; /* written by them */
} ud_fleet_stats_t;

/* Sizes and counts since the start, for benchmarks and the log. */
void ud_fleet_stats(const ud_fleet_t *fleet, ud_fleet_stats_t *stats);

#endif
