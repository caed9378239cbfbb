/* The agent: registers a device, asks for updates, downloads, verifies, stages, tries, confirms and reports them.
 *
 *     unregistered -> registering -> (pending) -> saving identity -> idle <-> checking in
 *                                                                     |
 *        +------------------------------ offer accepted --------------+
 *        v
 *     waiting (window, battery, application) -> downloading <-> writing -> verifying -> staged -> reset into boot
 *
 *     boot installs, the new firmware starts -> trial -> confirmed | reverted -> reported -> idle
 *
 * An application owns one ud_agent_t, one ud_journal_t and one buffer, calls ud_agent_init() once after each reset, then
 * ud_agent_step() when the time it asked for has come or the network stream has something to say. A step never blocks
 * and never allocates; it does at most one page program and one erase in the spare slot (one long step, the verification
 * from flash, only reads and feeds the watchdog; a journal record may add a rotation, core/slot/slot.h).
 *
 * Power may fail at any point: identity, download progress and reports continue from flash. Nothing is erased before
 * every check of the offer passed: hardware, version, security counter, size, known-bad, slot, signatures.
 *
 * RAM: ud_agent_t and ud_journal_t, together 1 KB on a Cortex-M, the buffer (UD_AGENT_BUFFER_SIZE), about 2 KB of stack.
 */
#ifndef UPDRAFT_AGENT_H
#define UPDRAFT_AGENT_H

#include "agent/identity.h"
#include "agent/spare.h"
#include "agent/timer.h"
#include "agent/transport.h"
#include "agent/update.h"
#include "core/image/image.h"
#include "core/proto/message.h"
#include "core/slot/slot.h"
#include "include/updraft/config.h"
#include "include/updraft/port.h"

/* Bytes of the buffer for downloads in chunks of up to `chunk_size_max`: one record of the chunk chain, and never less
 * than a message with its decoded form.
 */
#define UD_AGENT_BUFFER_SIZE(chunk_size_max)                                                              \
    (UD_SHA256_SIZE + (chunk_size_max) > UD_AGENT_MESSAGE_BUFFER_SIZE ? UD_SHA256_SIZE + (chunk_size_max) \
                                                                      : UD_AGENT_MESSAGE_BUFFER_SIZE)

/* States of the machine (agent/machine.h has its table). */
typedef enum {
    UD_AGENT_UNREGISTERED, /* waits before it registers */
    UD_AGENT_REGISTERING,
    UD_AGENT_PENDING,   /* the server knows the device; a person has to approve it */
    UD_AGENT_SAVING,    /* identity and token go to flash */
    UD_AGENT_CHECKING,  /* a check-in or report is under way */
    UD_AGENT_RENEWING,  /* asks for a new token */
    UD_AGENT_WRITING,   /* a chunk that matched the chain goes to flash */
    UD_AGENT_VERIFYING, /* hash and signature of the whole image, read from flash */
    UD_AGENT_RETIRED,   /* the server took the device out of service */
    /* those that an exchange returns to */
    UD_AGENT_IDLE,    /* sleeps until the next check-in */
    UD_AGENT_WAITING, /* an offer was accepted; window, battery or application say not now */
    UD_AGENT_DOWNLOADING,
    UD_AGENT_STAGED, /* waits for a good moment to reboot */
    UD_AGENT_TRIAL,  /* new firmware: self-test and contact with the server confirm it */
    UD_AGENT_STATE_COUNT
} ud_agent_state_t;

typedef enum { UD_SELF_TEST_RUNNING, UD_SELF_TEST_PASSED, UD_SELF_TEST_FAILED } ud_self_test_t;

#define UD_BATTERY_UNKNOWN 255

/* What the application may be asked about. */
typedef struct {
    uint32_t update_id;
    ud_version_t version;
    uint32_t download_size; /* bytes still to come */
    bool consent;           /* the operator wants the user to be asked */
    bool forced;            /* told, not asked: the answer is not looked at */
} ud_agent_question_t;

typedef struct {
    uint8_t type;   /* link-type of api/device.cddl, 0 unknown */
    int16_t signal; /* dBm, 0 unknown */
} ud_agent_link_t;

/* The application's part. Each may be NULL: allowed, passed, unknown. They are called from ud_agent_step(), must not
 * block and must not call the agent.
 */
typedef struct {
    void *context; /* handed to all */

    /* May this download begin, or go on? Asked before each request for data and every UD_AGENT_ASK_INTERVAL_MS. */
    bool (*may_download)(void *context, const ud_agent_question_t *question);

    /* May the device reset now to install? Asked again every UD_AGENT_ASK_INTERVAL_MS. */
    bool (*may_reboot)(void *context, const ud_agent_question_t *question);

    /* Does the new firmware work? Asked on trial until the answer is not RUNNING; FAILED reverts and marks it bad. */
    ud_self_test_t (*self_test)(void *context);

    /* Percent, or UD_BATTERY_UNKNOWN. */
    uint8_t (*battery)(void *context);

    void (*link)(void *context, ud_agent_link_t *link);

    /* What a display may show; `err` says why it waits or failed. Called when one of them, or the update, changed. */
    void (*progress)(void *context, ud_device_state_t state, uint8_t percent, ud_err_t err);
} ud_agent_hooks_t;

/* What a product decides; must outlive the agent. UD_AGENT_CONFIG_DEFAULTS or ud_agent_config_complete() has the numbers
 * that it does not.
 */
typedef struct {
    const char *device_id;     /* letters, digits and - _ . :, at most UD_DEVICE_ID_SIZE_MAX */
    const char *hardware;      /* NULL: the one that the running image names */
    const char *claim_key;     /* of the product line, or NULL */
    const char *one_time_code; /* instead of it, or NULL */
    const char *server; /* "name" or "name:port" for the Host header; where the port connects to is its own matter */
    const ud_transport_t *transport; /* &ud_transport_http */
    const ud_trusted_key_t *keys;    /* whose images and descriptors are believed */
    size_t key_count;                /* at most UD_TRUSTED_KEYS_MAX */

    const ud_slot_mode_t *slots; /* what boot does with the slots: &ud_slot_swap, _overwrite, _xip or _mcuboot */
    ud_area_t running;           /* the slot this program is linked for: UD_AREA_SLOT_A; direct XIP: either */
    uint32_t slot_address[2];    /* where slots A and B begin for the processor, as boot knows them (ROM_FIXED) */

    ud_agent_verify_t verify_encrypted; /* ud_image_verify_encrypted, or NULL: encrypted images are refused */
    const uint8_t *decryption_key;      /* 32 bytes, as boot has it; with verify_encrypted */

    bool allow_unsigned_chain;   /* accept offers without descriptor: chunks are the server's word until verified */
    uint16_t chunk_size_max;     /* bytes; what the buffer was sized for */
    uint8_t battery_min;         /* percent below which nothing is downloaded or installed; 0: no limit */
    uint8_t download_retries;    /* failures without a single new record until a download is given up */
    uint32_t checkin_interval_s; /* until the server says otherwise */
    uint32_t retry_base_ms;      /* first backoff; doubles with each failure, full jitter */
    uint32_t retry_max_ms;       /* its bound */
    uint32_t answer_timeout_ms;  /* without a byte from the server; UD_AGENT_ANSWER_TIMEOUTS of them for all of it */
    uint32_t contact_timeout_s;  /* uptime on trial without contact until it reverts */
    uint32_t report_interval_ms; /* progress is reported at least this often... */
    uint8_t report_step_percent; /* ...and after this share of the download */
    ud_agent_hooks_t hooks;
} ud_agent_config_t;

/* What is told of an update: to the server, or to the progress hook. */
typedef struct {
    uint32_t update_id; /* 0: none */
    uint16_t error;     /* ud_err_t */
    uint8_t state;      /* ud_device_state_t */
    uint8_t percent;
} ud_agent_news_t;

/* All an agent remembers between two steps. Opaque to the application; may be thrown away at any time, which is what a
 * reset does. Holds no pointer into itself.
 */
struct ud_agent { /* what is asked for often comes first: small offsets make small code */
    ud_port_t *port;
    const ud_agent_config_t *config;
    ud_journal_t *journal;
    uint8_t *buffer;
    size_t buffer_size;

    /* the machine, the exchange, the update, the reports: what and whether */
    uint8_t state;         /* ud_agent_state_t */
    uint8_t home;          /* the state an exchange in between returns to */
    uint8_t failures;      /* exchanges that failed in a row */
    bool on_trial;         /* the running image is */
    bool self_test_passed; /* on trial */
    bool contact;          /* the server answered since the start */
    bool staged;           /* boot was asked to install */
    bool busy;             /* an exchange is under way */
    uint8_t request;       /* ud_request_kind_t, of the exchange */
    bool has_update;       /* an update is under way */
    bool result_pending;   /* result, result_error and result_id are to be reported */
    uint8_t result;        /* ud_device_state_t */
    ud_timers_t timers;
    size_t fill; /* bytes of the answer's body in the buffer */
    uint32_t result_id;
    ud_agent_news_t sent; /* in the last report */
    ud_chain_t chain;     /* of the update under way */
    ud_update_t update;
    ud_spare_t spare;
    uint32_t span_records;     /* asked for in one request; 0: the download has not begun */
    uint32_t span_left;        /* bytes of artifact still to come of the request under way */
    uint16_t chunk_size;       /* bytes of the chunk being written, which ends at chain.offset */
    uint8_t download_failures; /* wrong answers without a new record in between */
    bool sent_open;            /* the last report is not acknowledged */
    ud_err_t result_error;
    ud_err_t wait_reason;    /* why it waits */
    ud_err_t download_error; /* of the last failure of the download */
    ud_agent_news_t told;    /* to the progress hook */
    uint32_t sequence;       /* of the last report composed */
    ud_slot_report_t report; /* as the journal has it */
    ud_answer_t answer;
    uint64_t now_ms;          /* of the step under way, by the clock that ud_agent_step() is given */
    uint64_t started_ms;      /* of ud_agent_init() */
    ud_err_t trial_error;     /* why the trial would end now */
    ud_err_t begin_error;     /* when the exchange could not begin */
    uint8_t reported_percent; /* of the last report of progress */

    /* the image that runs, read from its slot */
    char hardware[UD_HARDWARE_SIZE_MAX + 1];
    uint8_t image_digest[UD_SHA256_SIZE];
    ud_version_t version;
    uint32_t security_counter;
    ud_trust_t trust; /* the keys that are believed since the start */

    ud_identity_t identity;
    ud_identity_save_t save;
    uint64_t transport_state[UD_TRANSPORT_STATE_SIZE / sizeof(uint64_t)];
};

_Static_assert(sizeof(ud_agent_t) <= 1024, "the agent keeps its promise of 1 KB beside the buffer and the journal");
_Static_assert(sizeof(ud_err_t) > 1 || sizeof(ud_agent_t) + sizeof(ud_journal_t) <= 1024,
               "with the journal, where enumerations are as small as on a Cortex-M");

/* For the initializer of a constant configuration: the numbers of include/updraft/config.h. A product that wants another one
 * writes this list out; chunk_size_max goes with its buffer.
 */
#define UD_AGENT_CONFIG_DEFAULTS                                                                      \
    .download_retries = UD_AGENT_DOWNLOAD_RETRIES, .checkin_interval_s = UD_AGENT_CHECKIN_INTERVAL_S, \
    .retry_base_ms = UD_AGENT_RETRY_BASE_MS, .retry_max_ms = UD_AGENT_RETRY_MAX_MS,                   \
    .answer_timeout_ms = UD_AGENT_ANSWER_TIMEOUT_MS, .contact_timeout_s = UD_AGENT_CONTACT_TIMEOUT_S, \
    .report_interval_ms = UD_AGENT_REPORT_INTERVAL_MS, .report_step_percent = UD_AGENT_REPORT_STEP_PERCENT

/* At run time: gives every number that is 0 its default (battery_min stays: 0 is no limit); without a word about slots it is a
 * swap.
 */
void ud_agent_config_complete(ud_agent_config_t *config);

/* Is all there, and nothing too long? ud_agent_init() asks; a product's own tests can, without a board.
 * Errors: UD_ERR_INVALID_ARGUMENT.
 */
UD_MUST_USE ud_err_t ud_agent_config_check(const ud_agent_config_t *config);

/* Begins after a reset: reads the running image and the identity, opens the journal, finds out what boot did.
 * `buffer` has UD_AGENT_BUFFER_SIZE(config->chunk_size_max) bytes or more, aligned as a uint64_t, and belongs to the
 * agent; `now_ms` is any monotonic clock. May rotate a journal sector.
 * Errors: UD_ERR_INVALID_ARGUMENT (a field of config is missing, 0 or too long, as is the name of the hardware; the
 * buffer is not aligned, or the flash geometry does not fit), UD_ERR_BUFFER_TOO_SMALL, the errors of ud_image_parse() on the slot
 * that runs (a device without an image cannot say what it is).
 * A worn or lost journal is no error here: it is reported.
 */
UD_MUST_USE ud_err_t ud_agent_init(ud_agent_t *agent, ud_port_t *port, const ud_agent_config_t *config,
                                   ud_journal_t *journal, uint8_t *buffer, size_t buffer_size, uint64_t now_ms);

/* Does the next bit of work. `*wake_ms` tells when to call again at the latest: now_ms for at once; call earlier when
 * the stream of ud_port_net_* became readable or writable. Does not return when it resets the device.
 */
void ud_agent_step(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms);

/* Checks in at the next step: a button, a push message, a network that came back. Ends a backoff, not a lack of budget
 * (agent/budget.h).
 */
void ud_agent_wake(ud_agent_t *agent);

/* What the device would report now. */
ud_device_state_t ud_agent_device_state(const ud_agent_t *agent);

/* Percent of the download that is in flash; 0 when none is under way. */
uint8_t ud_agent_progress(const ud_agent_t *agent);

/* True if the buffer holds nothing that the next step needs: simulators lend one buffer to many sleeping devices. */
bool ud_agent_is_resting(const ud_agent_t *agent);

#endif
