/* updraftd: puts the parts together, starts them in the order in which they need each other, and stops them in the other. */
#include "core/base/assert.h"
#include "server/domain/fleet.h"
#include "server/door/device.h"
#include "server/door/operator.h"
#include "server/door/portal.h"
#include "server/door/problem.h"
#include "server/io/artifact.h"
#include "server/io/engine.h"
#include "server/io/http.h"
#include "server/io/log.h"
#include "server/io/loop.h"
#include "server/io/worker.h"
#include "server/options.h"
#include "server/store/sqlite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

/* Password hashes and image checks at a time; each takes a processor for up to a second. They do not share workers: anybody
 * may have passwords checked, and must not keep an upload out by it.
 */
#define PASSWORD_WORKER_COUNT 1
#define IMAGE_WORKER_COUNT 2

/* What a stop waits for requests under way. */
#define DRAIN_MS 10000

typedef struct {
    ud_options_t options;
    ud_store_t *store;
    ud_fleet_t *fleet;
    ud_engine_t *engine;
    ud_worker_t *passwords;
    ud_worker_t *images;
    ud_artifact_store_t *artifacts;
    ud_operator_t *operators;
    ud_portal_t *portal;
    ud_http_server_t *http;
    ud_device_door_t devices;
    char device_address[64];
    char operator_address[64];
    char password[UD_OPERATOR_PASSWORD_SIZE];
} server_t;

_Noreturn void ud_assert_failed(const char *file, int line)
{
    fprintf(stderr, "updraftd: assertion failed at %s:%d\n", file, line);
    abort();
}

/* Says why the start failed: what was attempted, with the value, and why not. A detail that is a whole sentence says what
 * to do, too; otherwise the error list's sentence follows.
 */
static ud_err_t complain(ud_err_t err, const char *what, const char *value, const char *detail)
{
    size_t size = detail == NULL ? 0 : strlen(detail);
    bool says_all = size > 0 && detail[size - 1] == '.';
    fprintf(stderr, "updraftd: %s %s: %s%s%s\n", what, value, size == 0 ? "" : detail,
            size == 0 || says_all ? "" : ". ", says_all ? "" : ud_err_text(err));
    return err;
}

/* ---- the operators' address: API, health and portal ---------------------------------------------------------------- */

static void reply_health(ud_exchange_t *exchange, bool good)
{
    ud_exchange_reply_header(exchange, "Cache-Control", "no-store");
    ud_exchange_reply(exchange, good ? 200 : 503, "text/plain", good ? "ok\n" : "not ready\n", good ? 3 : 10);
}

static void on_operator_head(ud_exchange_t *exchange)
{
    server_t *server = ud_exchange_door(exchange);
    const char *path = ud_exchange_path(exchange);
    if (strncmp(path, "/api/", 5) == 0) {
        ud_exchange_set_door(exchange, server->operators);
        ud_operator_on_head(exchange);
    } else if (strcmp(path, "/healthz") == 0) {
        reply_health(exchange, true);
    } else if (strcmp(path, "/readyz") == 0) {
        reply_health(exchange, ud_engine_ready(server->engine));
    } else {
        ud_portal_on_head(exchange, server->portal);
    }
}

/* ---- start ----------------------------------------------------------------------------------------------------------- */

static ud_err_t open_data(server_t *server)
{
    const char *folder = server->options.data, *detail = NULL;
    if (mkdir(folder, 0750) != 0 && errno != EEXIST) {
        return complain(UD_ERR_FILE_WRITE, "cannot make the data folder", folder, strerror(errno));
    }
    ud_sqlite_config_t config = {.folder = folder};
    ud_err_t err = ud_sqlite_open(&config, &server->store, &detail);
    if (err != UD_OK) {
        return complain(err, "cannot open the database in", folder, detail);
    }
    err = ud_artifact_store_open(folder, &server->artifacts);
    if (err != UD_OK) {
        return complain(err, "cannot open the artifacts in", folder, strerror(errno));
    }
    err = ud_token_key_open(folder, &server->devices.tokens);
    return err == UD_OK ? UD_OK : complain(err, "cannot open token.key in", folder, NULL);
}

static ud_err_t start_engine(server_t *server)
{
    ud_fleet_config_t config = {.checkin_interval_s = server->options.checkin_interval_s};
    ud_time_t now = {.wall_ms = ud_wall_ms(), .monotonic_ms = ud_monotonic_ms()};
    bool seeded = getrandom(config.seed, sizeof config.seed, 0) == (ssize_t)sizeof config.seed;
    ud_err_t err = seeded ? ud_fleet_create(&config, server->store, now, &server->fleet) : UD_ERR_INTERNAL;
    if (err == UD_OK) {
        err = ud_engine_create(server->fleet, &server->engine);
    }
    if (err == UD_OK) {
        err = ud_worker_create(PASSWORD_WORKER_COUNT, &server->passwords);
    }
    if (err == UD_OK) {
        err = ud_worker_create(IMAGE_WORKER_COUNT, &server->images);
    }
    return err == UD_OK ? UD_OK : complain(err, "cannot load the fleet from", server->options.data, NULL);
}

static ud_err_t open_doors(server_t *server)
{
    ud_operator_config_t config = {.engine = server->engine,
                                   .passwords = server->passwords,
                                   .images = server->images,
                                   .artifacts = server->artifacts};
    server->devices.engine = server->engine;
    server->devices.artifacts = server->artifacts;
    server->devices.token_lifetime_s = server->options.token_lifetime_s;
    server->devices.public_artifacts = server->options.public_artifacts;
    ud_err_t err = ud_operator_create(&config, &server->operators);
    if (err != UD_OK) {
        return complain(err, "cannot make", "the operator door", NULL);
    }
    if (server->options.portal == NULL) {
        return UD_OK;
    }
    err = ud_portal_open(server->options.portal, &server->portal);
    return err == UD_OK ? UD_OK : complain(err, "cannot read the portal in", server->options.portal, NULL);
}

static ud_err_t listen_on(server_t *server, const char *address, ud_exchange_fn on_head, void *door, char bound[64])
{
    const char *detail = NULL;
    ud_err_t err = ud_http_listen(server->http, address, on_head, door, bound);
    if (err == UD_ERR_INVALID_ARGUMENT) {
        detail = "That is no address of this machine; write ADDR:PORT, for example 127.0.0.1:8480 or [::1]:8480.";
    } else if (err == UD_ERR_FORBIDDEN) {
        detail = "The system does not give this port to this user; choose one from 1024 up.";
    }
    return err == UD_OK ? UD_OK : complain(err, "cannot listen on", address, detail);
}

static ud_err_t start_http(server_t *server)
{
    ud_http_config_t config;
    ud_http_config_default(&config);
    config.thread_count = server->options.threads;
    config.problem = ud_problem_status;
    ud_err_t err = ud_http_server_create(&config, &server->http);
    if (err != UD_OK) {
        return complain(err, "cannot start", "the threads", NULL);
    }
    UD_TRY(
        listen_on(server, server->options.device_listen, ud_device_on_head, &server->devices, server->device_address));
    UD_TRY(listen_on(server, server->options.operator_listen, on_operator_head, server, server->operator_address));
    err = ud_operator_first_admin(server->engine, server->password); /* last: what is shown once must not be lost */
    if (err != UD_OK) {
        return complain(err, "cannot make", "the first account", NULL);
    }
    err = ud_http_server_start(server->http);
    return err == UD_OK ? UD_OK : complain(err, "cannot start", "the threads", NULL);
}

static ud_err_t start(server_t *server)
{
    UD_TRY(open_data(server));
    UD_TRY(start_engine(server));
    UD_TRY(open_doors(server));
    return start_http(server);
}

static void greet(const server_t *server)
{
    printf("updraftd %s is ready\n", UD_VERSION);
    printf("  devices    http://%s\n", server->device_address);
    printf("  operators  http://%s\n", server->operator_address);
    if (server->password[0] != '\0') {
        printf("  First start: sign in as \"admin\". Password: %s\n", server->password);
        printf("  It is shown this once and kept nowhere.\n");
    }
    fflush(stdout);
}

/* For who has lost the password: whoever may read the data folder owns the server anyway. */
static ud_err_t reset_admin(server_t *server)
{
    UD_TRY(open_data(server));
    UD_TRY(start_engine(server));
    ud_err_t err = ud_operator_reset_admin(server->engine, server->password);
    if (err != UD_OK) {
        return complain(err, "cannot change the account in", server->options.data, NULL);
    }
    printf("Sign in as \"admin\". Password: %s\n", server->password);
    printf("It is shown this once and kept nowhere. All sessions of admin have ended.\n");
    return UD_OK;
}

/* ---- end ------------------------------------------------------------------------------------------------------------- */

static void stop(server_t *server)
{
    ud_http_server_destroy(server->http);
    ud_portal_close(server->portal);
    ud_worker_destroy(server->passwords);
    ud_worker_destroy(server->images);
    ud_engine_destroy(server->engine);
    if (server->operators != NULL) {
        ud_operator_destroy(server->operators);
    }
    if (server->fleet != NULL) {
        ud_fleet_destroy(server->fleet);
    }
    ud_token_key_close(server->devices.tokens);
    if (server->artifacts != NULL) {
        ud_artifact_store_close(server->artifacts);
    }
    ud_sqlite_close(server->store);
}

/* Blocks the signals that end the server in this thread and all it starts; they are waited for. */
static sigset_t hold_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    return signals;
}

static void wait_for_end(server_t *server, const sigset_t *signals)
{
    int signal_number = 0;
    sigwait(signals, &signal_number);
    ud_log(UD_LOG_INFO, "stopping", "signal", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
    pthread_sigmask(SIG_UNBLOCK, signals, NULL); /* a second one ends at once: nothing acknowledged is lost by it */
    ud_http_server_stop(server->http, DRAIN_MS);
}

int main(int count, char **arguments)
{
    static server_t server;
    char complaint[256];
    ud_err_t err = ud_options_parse(count, arguments, &server.options, complaint);
    if (err != UD_OK) {
        fprintf(stderr, "updraftd: %s\n", complaint);
        return ud_err_exit_code(err);
    }
    if (server.options.help) {
        ud_options_help(stdout);
        return 0;
    }
    if (server.options.version) {
        puts("updraftd " UD_VERSION);
        return 0;
    }
    ud_log_set_level(server.options.log_level);
    umask(S_IRWXO | S_IWGRP); /* the database holds the hashes of passwords and secrets */
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is a full disk to whoever writes, not the end of the server */
    sigset_t signals = hold_signals();
    err = server.options.reset_admin ? reset_admin(&server) : start(&server);
    if (err == UD_OK && !server.options.reset_admin) {
        greet(&server);
        ud_log(UD_LOG_INFO, "started", "version", UD_VERSION, "devices", server.device_address, "operators",
               server.operator_address);
        wait_for_end(&server, &signals);
    }
    stop(&server);
    return ud_err_exit_code(err);
}
