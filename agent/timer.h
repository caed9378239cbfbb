/* Times of the agent: milliseconds still to go, counted down by each step. Parts of the agent.
 *
 * What counts down needs no common beginning, so 32 bits do: up to 49 days, and what is longer is cut to that.
 */
#ifndef UD_AGENT_TIMER_H
#define UD_AGENT_TIMER_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    UD_TIMER_CHECKIN, /* the next check-in is due */
    UD_TIMER_RETRY,   /* nothing is sent before */
    UD_TIMER_ASK,     /* hooks are not asked before */
    UD_TIMER_FRESH,   /* until then the last answer to a check-in counts; 0, too, from when the update is complete */
    UD_TIMER_ANSWER,  /* all of the answer, or the record of a download that is coming in, is to be here */
    UD_TIMER_SILENCE, /* the next byte of it is to be here */
    UD_TIMER_SPAN,    /* the span of the download under way should be here */
    UD_TIMER_REPORT,  /* progress is to be reported */
    UD_TIMER_CONTACT, /* the trial ends without a contact */
    UD_TIMER_OPENS,   /* the update's window opens */
    UD_TIMER_CLOSES,  /* the update's window closes, if it does (ud_update_t.closes) */
    UD_TIMER_SAVES,   /* the buckets of agent/budget.h are full */
    UD_TIMER_OFFERS,
    UD_TIMER_CHECKINS,
    UD_TIMER_COUNT
} ud_timer_t;

typedef struct {
    uint32_t wait_ms;                 /* until the next step at the latest; UINT32_MAX: nothing is waited for */
    uint32_t left_ms[UD_TIMER_COUNT]; /* 0: it has come */
} ud_timers_t;

/* Lets time pass for all of them. A step then begins with nothing to wait for. */
void ud_timers_pass(ud_timers_t *timers, uint64_t passed_ms);

/* True if nothing is left; else the next step comes no later than that. */
bool ud_timers_wait(ud_timers_t *timers, uint32_t left_ms);

/* `count` times `unit_ms`, or the longest there is. */
uint32_t ud_timer_ms(uint32_t count, uint32_t unit_ms);

/* Milliseconds of a wait that a server asked for, of which UD_AGENT_SLEEP_MAX_S count. */
uint32_t ud_timer_sleep_ms(uint32_t wait_s);

#endif
