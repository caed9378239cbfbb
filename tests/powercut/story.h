/* The stories that are told on each layout, in each install mode, with each cut: what a device goes through from its first
 * start to a settled end, and what must be true then.
 */
#ifndef UD_TESTS_POWERCUT_STORY_H
#define UD_TESTS_POWERCUT_STORY_H

#include "tests/powercut/explore.h"
#include "tests/powercut/harness.h"

#include "core/proto/message.h"
#include "core/slot/slot.h"

/* Who speaks to the journal when boot has handed over. */
typedef enum {
    TELLER_SLOT,  /* a short program that stages, confirms, rejects or crashes */
    TELLER_AGENT, /* the real agent, with a server that is a function without memory */
} powercut_teller_t;

/* What the new image does on trial. */
typedef enum {
    TRIAL_CONFIRM, /* confirms itself */
    TRIAL_REJECT,  /* finds its self-test failed; with the agent, the server offers a third image in the meantime */
    TRIAL_CRASH,   /* crashes until its attempts are used up */
    TRIAL_LOOP,    /* confirms itself, and crashes from then on */
    TRIAL_RETURN,  /* confirms itself, starts once more, and asks for the image before, where it lies */
} powercut_trial_t;

/* What a story begins with, beside a device whose slot A is good. With the agent, slot B holds rubbish then. */
typedef enum {
    SETTING_PLAIN,
    SETTING_DAMAGED,   /* slot A is damaged */
    SETTING_ENCRYPTED, /* both images are encrypted: not for direct XIP, which moves nothing */
    SETTING_KEPT,      /* slot B still holds the offered image, as the one before */
    SETTING_BARE,      /* no hardware keeps the security counter: what the journal lost is lost */
    SETTING_BLANK,     /* with the agent: the device was never registered, and all it does is to register */
    SETTING_STALE,     /* with the agent: the server takes its token no longer, and offers nothing */
} powercut_setting_t;

/* How a story ends. */
typedef struct {
    powercut_image_name_t last; /* what runs */
    ud_boot_reason_t boot_reason;
    ud_err_t revert_reason;
    bool bad; /* the offered image is remembered as bad */
} powercut_end_t;

typedef struct {
    const char *name;
    powercut_teller_t teller;
    powercut_image_name_t first;   /* in slot A */
    powercut_image_name_t offered; /* in slot B, or downloaded */
    powercut_trial_t trial;
    powercut_setting_t setting;
    uint32_t counter;    /* security counter of the new image; the old one has 0 */
    bool revokes;        /* the new image revokes the key of the old one */
    uint16_t chunk_size; /* of the download, bytes */
    powercut_end_t end;
    powercut_end_t end_without_way_back;
} powercut_story_t;

extern const powercut_story_t powercut_stories[];
extern const size_t powercut_story_count;

/* A story on a layout in a mode. */
typedef struct {
    const powercut_mode_t *mode;
    const powercut_geometry_t *geometry;
    const powercut_story_t *story;
    powercut_images_t images;

    /* the agent's */
    ud_offer_t offers[POWERCUT_IMAGE_COUNT];
    uint8_t *artifacts[POWERCUT_IMAGE_COUNT]; /* none of a forged image */
    uint32_t unit;                            /* most bytes of the download that a start may repeat */
    uint32_t identity;                        /* whom the server knows; 0 before the device registers */
    bool offering;
} powercut_case_t;

/* Makes the images and, for the agent, offers and artifact; frees them. */
void powercut_case_make(powercut_case_t *made);
void powercut_case_free(powercut_case_t *made);

/* The board before its first start; the caller destroys it. */
ud_port_t *powercut_case_board(powercut_case_t *of);

/* One start, for explore(): boot and what it may never do, then the teller, and at the end the oracle. */
void powercut_start(ud_port_t *board, void *life);

/* ---- between story.c and the tellers ---------------------------------------------------------------------------------- */

/* The agent's part of powercut_case_make(). */
void powercut_agent_make(powercut_case_t *made);

/* Registers the device: what it has done long before the story. */
void powercut_agent_register(powercut_case_t *of, ud_port_t *board);

/* Runs the agent until it is settled, or resets. `start` is what runs; life->known is whom the server knows. NULL or what is
 * wrong.
 */
const char *powercut_agent_run(ud_port_t *board, explore_life_t *life, const powercut_start_t *start);

/* Whether the story makes sense in its mode. */
bool powercut_is_told(const powercut_mode_t *mode, const powercut_story_t *story);

/* How this story ends in this mode. */
const powercut_end_t *powercut_end(const powercut_case_t *of);

/* The oracle of the end: NULL or what is wrong with what the device came to. `name` is what runs. */
const char *powercut_check_end(const powercut_case_t *of, const ud_journal_t *journal, powercut_image_name_t name);

#endif
