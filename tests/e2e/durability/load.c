/* ud_durability_load FOLDER DEVICES THREADS FIRST
 *
 * Threads report to the real engine over the real store and write "DEVICE NUMBER" to standard output after each
 * acknowledgement: whoever reads that log outside knows what was promised when this process is killed
 * (tests/e2e/test_durability.py). Report NUMBER says that the device runs version 1.0.NUMBER, so that each changes its
 * row and leaves an event while the device may (UD_DEVICE_EVENT_COUNT_MAX). Numbers begin at FIRST. Ends only by a
 * signal or an error.
 */
#include "core/crypto/crypto.h"
#include "server/domain/fleet.h"
#include "server/io/engine.h"
#include "server/store/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ARENA_SIZE (1u << 20)
#define CLAIM_KEY "durability"

typedef struct {
    ud_engine_t *engine;
    unsigned first_device;
    unsigned device_count;
    unsigned first_number;
} worker_t;

static _Noreturn void die(const char *what, ud_err_t err)
{
    fprintf(stderr, "%s: %s\n", what, ud_err_text(err));
    exit(1);
}

static ud_err_t call(ud_engine_t *engine, ud_command_t *command)
{
    ud_err_t err = ud_engine_call(engine, command);
    return err == UD_OK ? command->err : err;
}

static void name_of(unsigned device, char id[UD_DEVICE_ID_SIZE_MAX + 1])
{
    snprintf(id, UD_DEVICE_ID_SIZE_MAX + 1, "d%u", device);
}

static ud_err_t sign_up(ud_engine_t *engine, unsigned device)
{
    ud_register_t message = {.present = UD_FIELD(UD_REGISTER_CLAIM_KEY) | UD_FIELD(UD_REGISTER_VERSION) |
                                        UD_FIELD(UD_REGISTER_IMAGE_DIGEST),
                             .version = "1.0.0"};
    name_of(device, message.device_id);
    strcpy(message.hardware, "board");
    strcpy(message.claim_key, CLAIM_KEY);
    memcpy(message.secret, &device, sizeof(device));
    ud_command_t command = {.type = UD_COMMAND_REGISTER, .in.enrol.message = &message};
    return call(engine, &command);
}

static ud_err_t report(ud_engine_t *engine, unsigned device, unsigned number)
{
    ud_checkin_t message = {.state = UD_DEVICE_IDLE, .epoch = 1, .sequence = number};
    name_of(device, message.device_id);
    strcpy(message.hardware, "board");
    snprintf(message.version, sizeof(message.version), "1.0.%u", number);
    ud_command_t command = {.type = UD_COMMAND_CHECKIN, .in.checkin = {&message, 1}};
    return call(engine, &command);
}

static void *work(void *context)
{
    const worker_t *worker = context;
    for (unsigned number = worker->first_number;; number++) {
        for (unsigned i = 0; i < worker->device_count; i++) {
            unsigned device = worker->first_device + i;
            ud_err_t err = report(worker->engine, device, number);
            if (err != UD_OK) {
                die("report", err);
            }
            char line[64];
            int size = snprintf(line, sizeof(line), "%u %u\n", device, number);
            if (write(STDOUT_FILENO, line, (size_t)size) != size) {
                exit(1);
            }
        }
    }
    return NULL;
}

/* The first start makes an admin, a claim key with it, and the devices; later ones find them. */
static void prepare(ud_engine_t *engine, ud_arena_t *arena, unsigned devices)
{
    uint8_t session[UD_SHA256_SIZE] = {1};
    ud_command_t account = {
        .type = UD_COMMAND_ACCOUNT_CREATE, .arena = arena, .in.account = {"admin", "hash", UD_ROLE_ADMIN, true}};
    if (call(engine, &account) == UD_OK) {
        ud_command_t sign_in = {.type = UD_COMMAND_SESSION_CREATE, .arena = arena, .in.session = {.account = "admin"}};
        sign_in.in.session.expires_ms = INT64_MAX;
        memcpy(sign_in.in.session.session, session, sizeof(session));
        ud_command_t key = {.type = UD_COMMAND_CLAIM_KEY_CREATE, .arena = arena, .in.claim_key = {.name = "line"}};
        memcpy(key.session, session, sizeof(session));
        ud_sha256(CLAIM_KEY, strlen(CLAIM_KEY), key.in.claim_key.secret_hash);
        ud_err_t err = call(engine, &sign_in);
        err = err == UD_OK ? call(engine, &key) : err;
        if (err != UD_OK) {
            die("claim key", err);
        }
    }
    for (unsigned device = 0; device < devices; device++) {
        ud_err_t err = sign_up(engine, device);
        if (err != UD_OK) {
            die("register", err);
        }
    }
}

static ud_time_t now(void)
{
    struct timespec wall;
    struct timespec monotonic;
    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return (ud_time_t){wall.tv_sec * 1000ll + wall.tv_nsec / 1000000,
                       (uint64_t)monotonic.tv_sec * 1000 + (uint64_t)monotonic.tv_nsec / 1000000};
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: ud_durability_load FOLDER DEVICES THREADS FIRST\n");
        return 2;
    }
    unsigned devices = (unsigned)strtoul(argv[2], NULL, 10);
    unsigned threads = (unsigned)strtoul(argv[3], NULL, 10);
    unsigned first = (unsigned)strtoul(argv[4], NULL, 10);
    ud_store_t *store = NULL;
    ud_fleet_t *fleet = NULL;
    ud_engine_t *engine = NULL;
    ud_arena_t *arena = ud_arena_create(ARENA_SIZE);
    ud_fleet_config_t config = {.seed = {9}};
    ud_err_t err = ud_sqlite_open(&(ud_sqlite_config_t){.folder = argv[1]}, &store, NULL);
    err = err == UD_OK ? ud_fleet_create(&config, store, now(), &fleet) : err;
    err = err == UD_OK ? ud_engine_create(fleet, &engine) : err;
    if (err != UD_OK || arena == NULL) {
        die("start", err);
    }
    prepare(engine, arena, devices);
    worker_t workers[64];
    pthread_t thread;
    threads = threads < 1 ? 1 : threads > 64 ? 64 : threads;
    for (unsigned i = 0; i < threads; i++) {
        unsigned share = devices / threads;
        workers[i] = (worker_t){engine, i * share, share, first};
        if (pthread_create(&thread, NULL, work, &workers[i]) != 0) {
            die("thread", UD_ERR_INTERNAL);
        }
    }
    for (;;) {
        pause();
    }
}
