/* What boot does: one table for each install mode over what it knows (swap.c, overwrite.c, xip.c; docs/device.md, "Boot").
 *
 * Each input is a set of possibilities, one bit each. What is known has one bit set; what was not looked at yet has all
 * of them. So boot verifies an image only when the answer depends on it: a calm start looks at slot A alone.
 * Pure: reads and writes nothing.
 */
#ifndef UD_BOOT_POLICY_H
#define UD_BOOT_POLICY_H

#include "core/slot/record.h"
#include "include/updraft/port.h"

/* What stands in slot A, by the journal: 1 << ud_slot_state_t, or more. Under direct XIP "slot A" is here the slot that runs,
 * whichever it is, and "slot B" the other one.
 */
enum {
    UD_FACT_UNKNOWN = 1 << UD_SLOT_EMPTY,       /* the journal is new, lost, or speaks of another image */
    UD_FACT_TRIAL = 1 << UD_SLOT_TRIAL,         /* it runs on trial */
    UD_FACT_CONFIRMED = 1 << UD_SLOT_CONFIRMED, /* it runs for good */
    UD_FACT_REJECTED = 8, /* it was on trial and said itself that it failed, or the journal took no row for it */
    UD_FACT_STATE_ANY = 15,
};

/* What is to be done with slot B, by the journal: 1 << ud_install_t, or more. */
enum {
    UD_FACT_IDLE = 1 << UD_INSTALL_NONE,
    UD_FACT_STAGED = 1 << UD_INSTALL_STAGED,
    UD_FACT_MOVING = 1 << UD_INSTALL_UPGRADE | 1 << UD_INSTALL_REVERT, /* an install was interrupted */
    UD_FACT_ADRIFT = 16, /* the same, but the journal takes no rows any more: it may have gone on since it was noted */
    UD_FACT_INSTALL_ANY = 31,
};

/* Why the device started: 1 << ud_reset_cause_t, or more. */
enum {
    UD_FACT_POWER_ON = 1 << UD_RESET_POWER_ON,
    UD_FACT_ORDERLY = 1 << UD_RESET_ORDERLY,
    UD_FACT_ABNORMAL = 1 << UD_RESET_WATCHDOG | 1 << UD_RESET_FAULT,
    UD_FACT_ANNOUNCED = 16, /* orderly, and the journal knew it before */
    UD_FACT_CAUSE_ANY = 31,
};

/* Whether the image may fail once more: attempts of a trial, abnormal resets of a confirmed one (this one counted). */
enum {
    UD_FACT_PATIENCE = 1,
    UD_FACT_NO_PATIENCE = 2,
    UD_FACT_PATIENCE_ANY = 3,
};

/* What an image is worth. */
enum {
    UD_FACT_BAD = 1,       /* none, damaged, not authentic, or for other hardware */
    UD_FACT_LOW = 2,       /* authentic, but its security counter is below the device's */
    UD_FACT_GOOD = 4,      /* authentic and permitted */
    UD_FACT_KNOWN_BAD = 8, /* the same, and it failed here before (slot B only) */
    UD_FACT_SPARE = 16,    /* the same, at the staging offset though nothing is staged (slot B only) */
    UD_FACT_AHEAD = 32, /* good, and by counter and version above slot A, of which nothing is known (direct XIP only) */
    UD_FACT_BEHIND = 64, /* the same, below it, and the journal was lost */
    UD_FACT_A_ANY = 7,
    UD_FACT_B_ANY = 127,
};

typedef struct {
    uint8_t state;
    uint8_t install;
    uint8_t cause;
    uint8_t patience;
    uint8_t a;
    uint8_t b;
} ud_boot_facts_t;

/* In an order that boot uses: what looks, what changes something, what jumps. */
typedef enum {
    UD_ACTION_LOOK_A,    /* verify slot A first: the answer depends on it */
    UD_ACTION_LOOK_B,    /* verify slot B first */
    UD_ACTION_INSTALL,   /* begin an upgrade; boot decides again after it, as after each action below */
    UD_ACTION_RESUME,    /* complete the interrupted install */
    UD_ACTION_REFUSE,    /* drop what is staged */
    UD_ACTION_REVERT,    /* begin a revert */
    UD_ACTION_RESCUE,    /* copy slot B to slot A */
    UD_ACTION_DOUBT,     /* put slot A on trial as it stands */
    UD_ACTION_RECOVER,   /* hand over to the board */
    UD_ACTION_TRY,       /* record an attempt, jump; the first that jumps */
    UD_ACTION_TRY_FREE,  /* jump; the reset was announced */
    UD_ACTION_BOOT,      /* jump; from here on whether the journal takes a row or not */
    UD_ACTION_BOOT_SAFE, /* jump with the safe-mode flag: it fails, and there is no other */
    UD_ACTION_COUNT
} ud_action_t;

/* A row: what it asks of the facts, and what boot does then. */
typedef struct {
    ud_boot_facts_t facts;
    ud_action_t action;
} ud_boot_rule_t;

/* First match. The last row takes everything, so that there is always an answer. */
typedef struct {
    const ud_boot_rule_t *rules;
    size_t rule_count;
} ud_boot_policy_t;

/* For rows: whatever the fact. */
#define UD_ANY_STATE UD_FACT_STATE_ANY
#define UD_ANY_INSTALL UD_FACT_INSTALL_ANY
#define UD_ANY_CAUSE UD_FACT_CAUSE_ANY
#define UD_ANY_PATIENCE UD_FACT_PATIENCE_ANY
#define UD_ANY_A UD_FACT_A_ANY
#define UD_ANY_B UD_FACT_B_ANY

/* The first row of the table that fits. Facts must not be empty sets. */
ud_action_t ud_boot_decide(const ud_boot_policy_t *policy, const ud_boot_facts_t *facts);

#endif
