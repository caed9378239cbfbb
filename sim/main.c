/* updraft-sim: a fleet of simulated devices. */
#include "core/base/err.h"
#include "sim/fleet.h"
#include "sim/options.h"

#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t stop;

static const struct {
    ud_err_t err; /* decides the exit code */
    const char *message;
} endings[] = {
    [UD_SIM_STOPPED] = {UD_OK, NULL},
    [UD_SIM_REACHED] = {UD_OK, NULL},
    [UD_SIM_TIMEOUT] = {UD_ERR_TIMED_OUT, "the time that --timeout gave is over"},
    [UD_SIM_LOST] = {UD_ERR_NO_IMAGE, "a device has no authentic image left: please report it with this output"},
};

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

int main(int argc, char **argv)
{
    ud_sim_options_t options;
    bool done = false;
    ud_err_t err = ud_sim_options_read(&options, argc, argv, &done);
    if (err != UD_OK || done) {
        ud_sim_options_free(&options);
        return ud_err_exit_code(err);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);

    ud_sim_end_t end = UD_SIM_STOPPED;
    err = ud_sim_fleet_run(&options, &stop, &end);
    ud_sim_options_free(&options);
    if (err != UD_OK) {
        (void)fprintf(stderr, "updraft-sim: %s\n", ud_err_text(err));
        return ud_err_exit_code(err);
    }
    if (endings[end].message != NULL) {
        (void)fprintf(stderr, "updraft-sim: %s\n", endings[end].message);
    }
    return ud_err_exit_code(endings[end].err);
}
