/* What a large fleet costs: memory, check-ins from RAM, durable reports, filters, group commit.
 *
 *     bench_fleet [DEVICES [FOLDER]]      1 000 000 devices; FOLDER for the database (default: a new one under $TMPDIR)
 *
 * Each figure is one run on the machine at hand; commits wait for its disk. docs/decisions/0004 quotes one such run.
 */
#include "core/crypto/crypto.h"
#include "server/domain/fleet.h"
#include "server/store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARENA_SIZE (64u << 20)
#define CLAIM_KEY "bench"
#define HARDWARE_COUNT 5u
#define WINDOW_TEST_MS 2000

typedef struct {
    ud_store_t *store;
    ud_fleet_t *fleet;
    uint32_t devices;
    uint32_t round; /* of reports: makes each differ */
    uint64_t random;
    uint8_t session[UD_SHA256_SIZE];
} bench_t;

static _Noreturn void die(const char *what, ud_err_t err)
{
    fprintf(stderr, "bench_fleet: %s: %s\n", what, ud_err_text(err));
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static double wall(void)
{
    return seconds(CLOCK_MONOTONIC);
}

static double cpu(void)
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

static ud_time_t now(void)
{
    return (ud_time_t){(int64_t)(seconds(CLOCK_REALTIME) * 1000), (uint64_t)(wall() * 1000)};
}

static long resident_kb(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%*s %ld", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static uint32_t any_device(bench_t *bench)
{
    bench->random = bench->random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(bench->random >> 33) % bench->devices;
}

static void apply(bench_t *bench, ud_command_t *command)
{
    ud_fleet_apply(bench->fleet, now(), command);
    if (command->err != UD_OK) {
        die("command", command->err);
    }
}

static void commit(bench_t *bench)
{
    ud_err_t err = ud_fleet_commit(bench->fleet, now());
    if (err != UD_OK) {
        die("commit", err);
    }
}

static void name_device(uint32_t device, char id[UD_DEVICE_ID_SIZE_MAX + 1], char hardware[UD_HARDWARE_SIZE_MAX + 1])
{
    snprintf(id, UD_DEVICE_ID_SIZE_MAX + 1, "sn-%08x-%05u", device * 2654435761u, device % 100000);
    snprintf(hardware, UD_HARDWARE_SIZE_MAX + 1, "board-r%u", device % HARDWARE_COUNT);
}

/* ---- set-up ------------------------------------------------------------------------------------------------------- */

static void open_store(bench_t *bench, const char *folder)
{
    const char *detail = NULL;
    ud_err_t err = ud_sqlite_open(&(ud_sqlite_config_t){.folder = folder}, &bench->store, &detail);
    if (err != UD_OK) {
        die(detail, err);
    }
}

static void start(bench_t *bench)
{
    ud_fleet_config_t config = {.seed = {3}};
    ud_err_t err = ud_fleet_create(&config, bench->store, now(), &bench->fleet);
    if (err != UD_OK) {
        die("fleet", err);
    }
}

static void make_people(bench_t *bench)
{
    ud_arena_t *arena = ud_arena_create(ARENA_SIZE);
    ud_command_t account = {
        .type = UD_COMMAND_ACCOUNT_CREATE, .arena = arena, .in.account = {"admin", "hash", UD_ROLE_ADMIN, true}};
    ud_command_t sign_in = {.type = UD_COMMAND_SESSION_CREATE, .arena = arena, .in.session = {.account = "admin"}};
    ud_command_t key = {.type = UD_COMMAND_CLAIM_KEY_CREATE, .arena = arena, .in.claim_key = {.name = "line"}};
    bench->session[0] = 1;
    memcpy(sign_in.in.session.session, bench->session, sizeof(bench->session));
    sign_in.in.session.expires_ms = INT64_MAX;
    memcpy(key.session, bench->session, sizeof(bench->session));
    ud_sha256(CLAIM_KEY, strlen(CLAIM_KEY), key.in.claim_key.secret_hash);
    apply(bench, &account);
    apply(bench, &sign_in);
    apply(bench, &key);
    commit(bench);
    ud_arena_destroy(arena);
}

static void register_all(bench_t *bench)
{
    for (uint32_t device = 0; device < bench->devices; device++) {
        ud_register_t message = {.present = UD_FIELD(UD_REGISTER_CLAIM_KEY) | UD_FIELD(UD_REGISTER_VERSION) |
                                            UD_FIELD(UD_REGISTER_IMAGE_DIGEST),
                                 .claim_key = CLAIM_KEY};
        name_device(device, message.device_id, message.hardware);
        snprintf(message.version, sizeof(message.version), "1.%u.0", device % 7);
        message.image_digest[0] = (uint8_t)(device % 7);
        memcpy(message.secret, &device, sizeof(device));
        ud_command_t command = {.type = UD_COMMAND_REGISTER, .in.enrol.message = &message};
        apply(bench, &command);
        if (device % 4096 == 4095) {
            commit(bench);
        }
    }
    commit(bench);
}

/* ---- what devices ask --------------------------------------------------------------------------------------------- */

static void checkin(bench_t *bench, uint32_t device, bool changes)
{
    ud_checkin_t message = {.present = UD_FIELD(UD_CHECKIN_SECURITY_COUNTER), .epoch = 1, .sequence = ++bench->round};
    name_device(device, message.device_id, message.hardware);
    snprintf(message.version, sizeof(message.version), "1.%u.0", device % 7);
    message.image_digest[0] = (uint8_t)(device % 7);
    message.boot_reason = (uint8_t)(changes ? bench->round % 5 + 1 : 0);
    message.present |= changes ? UD_FIELD(UD_CHECKIN_BOOT_REASON) : 0;
    ud_command_t command = {.type = UD_COMMAND_CHECKIN, .in.checkin = {&message, 1}};
    apply(bench, &command);
}

static void bench_idle(bench_t *bench)
{
    for (uint32_t device = 0; device < bench->devices; device++) { /* the first of each is kept: it has a number now */
        checkin(bench, device, false);
        if (device % 4096 == 4095) {
            commit(bench);
        }
    }
    commit(bench);
    const uint32_t count = 1000000;
    double from = cpu();
    for (uint32_t i = 0; i < count; i++) {
        checkin(bench, any_device(bench), false);
    }
    double used = cpu() - from;
    printf("idle check-ins from RAM, random devices:   %9.0f /CPU-s\n", count / used);
}

static void bench_durable(bench_t *bench, uint32_t batch)
{
    uint32_t count = 0;
    uint32_t commits = 0;
    double from = wall();
    double cpu_from = cpu();
    while (wall() - from < 1.5) {
        for (uint32_t i = 0; i < batch; i++) {
            checkin(bench, any_device(bench), true);
        }
        commit(bench);
        count += batch;
        commits++;
    }
    double took = wall() - from;
    printf("durable reports, %5u a commit:            %9.0f /CPU-s %9.0f /s   %.2f ms a commit\n", batch,
           count / (cpu() - cpu_from), count / took, took * 1000 / commits);
}

/* Reports arrive evenly at `rate`; each waits for the commit of its window. */
static void bench_window(bench_t *bench, uint32_t rate, double window_ms)
{
    double from = wall();
    double cpu_from = cpu();
    double window_from = 0;
    uint64_t arrived = 0;
    uint64_t waiting = 0;
    uint64_t commits = 0;
    double latency_sum = 0;
    double latency_max = 0;
    for (;;) {
        double at = wall() - from;
        if (at * 1000 >= WINDOW_TEST_MS) {
            break;
        }
        uint64_t due = (uint64_t)(at * rate);
        for (; arrived < due; arrived++) {
            window_from = waiting++ == 0 ? at : window_from;
            checkin(bench, any_device(bench), true);
        }
        if (waiting > 0 && (wall() - from - window_from) * 1000 >= window_ms) {
            commit(bench);
            double end = wall() - from;
            double first = (double)(arrived - waiting) / rate; /* when the first of them came */
            latency_sum += (double)waiting * (end - (first + (double)(arrived - 1) / rate) / 2);
            latency_max = end - first > latency_max ? end - first : latency_max;
            waiting = 0;
            commits++;
        } else {
            usleep(100);
        }
    }
    printf(
        "%6u reports/s, window %2.0f ms: %6.0f commits/s %6.0f us CPU a report, answer after %6.2f ms mean %7.2f max\n",
        rate, window_ms, (double)commits * 1000 / WINDOW_TEST_MS, (cpu() - cpu_from) * 1e6 / (double)arrived,
        latency_sum * 1000 / (double)arrived, latency_max * 1000);
}

/* ---- what people ask ---------------------------------------------------------------------------------------------- */

static double ask_devices(bench_t *bench, ud_device_filter_t filter, size_t *total)
{
    ud_arena_t *arena = ud_arena_create(ARENA_SIZE);
    filter.limit = 50;
    ud_command_t command = {.type = UD_COMMAND_QUERY_DEVICES, .arena = arena, .in.filter = filter};
    memcpy(command.session, bench->session, sizeof(bench->session));
    double from = wall();
    apply(bench, &command);
    double took = wall() - from;
    *total = command.out.devices.total;
    ud_arena_destroy(arena);
    return took * 1000;
}

static void bench_filters(bench_t *bench)
{
    static const struct {
        const char *name;
        ud_device_filter_t filter;
    } filters[] = {
        {"everything", {.state = -1, .online = -1}},
        {"hardware and online", {.hardware = "board-r2", .state = -1, .online = 1}},
        {"hardware, version, online", {.hardware = "board-r2", .version = "1.3.0", .state = -1, .online = 1}},
        {"part of the id", {.text = "-01234", .state = -1, .online = -1}},
    };
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        size_t total = 0;
        double took = ask_devices(bench, filters[i].filter, &total);
        printf("page of 50 and counts by state, %-26s %6.1f ms  (%zu match)\n", filters[i].name, took, total);
    }
    ud_arena_t *arena = ud_arena_create(ARENA_SIZE);
    ud_command_t command = {.type = UD_COMMAND_QUERY_CHANGES, .arena = arena};
    memcpy(command.session, bench->session, sizeof(bench->session));
    double from = wall();
    apply(bench, &command);
    printf("changes for a live stream (summary, versions, hardware)    %6.3f ms\n", (wall() - from) * 1000);
    ud_arena_destroy(arena);
}

static void bench_rollout(bench_t *bench)
{
    ud_arena_t *arena = ud_arena_create(ARENA_SIZE);
    ud_release_t release = {.version = "2.0.0", .hardware = "board-r2", .image_size = 100000, .artifact_count = 1};
    release.artifacts[0].chunk_size = 4096;
    release.image_digest[0] = 99;
    ud_command_t make = {.type = UD_COMMAND_RELEASE_CREATE, .arena = arena, .in.release.release = &release};
    memcpy(make.session, bench->session, sizeof(bench->session));
    apply(bench, &make);
    ud_command_t command = {.type = UD_COMMAND_ROLLOUT_CREATE, .arena = arena};
    memcpy(command.session, bench->session, sizeof(bench->session));
    command.in.rollout = (ud_rollout_in_t){.release_id = make.out.release.id,
                                           .failure_limit_percent = -1,
                                           .plans = {{1, 0}, {5, 0}, {20, 0}, {30, 0}},
                                           .plan_count = 4};
    double from = wall();
    apply(bench, &command);
    printf("start of a rollout, batches frozen:                        %6.1f ms  (%u devices)\n",
           (wall() - from) * 1000,
           command.out.rollout.batches[0].planned + command.out.rollout.batches[1].planned +
               command.out.rollout.batches[2].planned + command.out.rollout.batches[3].planned +
               command.out.rollout.batches[4].planned);
    commit(bench);
    ud_arena_destroy(arena);
}

static void bench_tick(bench_t *bench)
{
    ud_time_t at = now();
    double worst = 0;
    double sum = 0;
    for (unsigned i = 0; i < 30; i++) {
        at.monotonic_ms += 1000;
        double from = wall();
        ud_fleet_tick(bench->fleet, at);
        double took = wall() - from;
        sum += took;
        worst = took > worst ? took : worst;
        commit(bench);
    }
    printf("tick, once a second (deadlines, last-seen rows):           %6.2f ms mean, %.2f max\n", sum / 30 * 1000,
           worst * 1000);
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

static void bench_memory(const bench_t *bench, long before_kb)
{
    ud_fleet_stats_t stats;
    ud_fleet_stats(bench->fleet, &stats);
    printf("memory: %.1f bytes a device allocated (columns, ids, index, names); process %.1f\n",
           (double)stats.bytes / stats.devices, (double)(resident_kb() - before_kb) * 1024 / stats.devices);
}

static void remove_files(const char *folder)
{
    static const char *const names[] = {"fleet.db", "fleet.db-wal", "fleet.db-shm", "fleet.lock"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

int main(int argc, char **argv)
{
    bench_t bench = {.devices = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000, .random = 42};
    char folder[400];
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof(folder), "%s/bench_fleet.XXXXXX", base != NULL ? base : "/tmp");
    if (argc > 2) {
        snprintf(folder, sizeof(folder), "%s", argv[2]);
    } else if (bench.devices == 0 || mkdtemp(folder) == NULL) {
        die("folder", UD_ERR_FILE_WRITE);
    }
    open_store(&bench, folder);
    start(&bench);
    make_people(&bench);
    double from = wall();
    double cpu_from = cpu();
    register_all(&bench);
    printf("%u devices registered in %.1f s (%.1f CPU-s)\n", bench.devices, wall() - from, cpu() - cpu_from);

    ud_fleet_destroy(bench.fleet);
    long before_kb = resident_kb();
    from = wall();
    cpu_from = cpu();
    start(&bench);
    printf("loaded from the database in %.2f s (%.2f CPU-s)\n", wall() - from, cpu() - cpu_from);
    bench_memory(&bench, before_kb);
    bench_idle(&bench);
    static const uint32_t batches[] = {1, 10, 100, 1000, 4096};
    for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        bench_durable(&bench, batches[i]);
    }
    static const uint32_t rates[] = {1000, 10000, 30000};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        bench_window(&bench, rates[i], 0);
        bench_window(&bench, rates[i], 5);
    }
    bench_filters(&bench);
    bench_rollout(&bench);
    bench_tick(&bench);
    ud_fleet_destroy(bench.fleet);
    ud_sqlite_close(bench.store);
    if (argc <= 2) {
        remove_files(folder);
    }
    return 0;
}
