/* The fleet: all devices on one thread, woken by their streams (epoll) and by the clock. */
#ifndef UD_SIM_FLEET_H
#define UD_SIM_FLEET_H

#include "sim/options.h"

#include <signal.h>

typedef enum {
    UD_SIM_STOPPED, /* by a signal */
    UD_SIM_REACHED, /* --until came true */
    UD_SIM_TIMEOUT, /* --timeout passed first */
    UD_SIM_LOST,    /* a device has no authentic image any more */
} ud_sim_end_t;

/* Runs until the options or `*stop` end it. Errors: UD_ERR_INTERNAL (no memory, no epoll), those of ud_board_create. */
UD_MUST_USE ud_err_t ud_sim_fleet_run(const ud_sim_options_t *options, const volatile sig_atomic_t *stop,
                                      ud_sim_end_t *end);

#endif
