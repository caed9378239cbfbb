/* An agent on a simulated board, with a server that is a struct: it answers in place of a transport. */
#ifndef UD_TESTS_AGENT_FIXTURE_H
#define UD_TESTS_AGENT_FIXTURE_H

#include "core/crypto/key.h"
#include "core/image/sign.h"
#include "core/image/trusted.h"
#include "include/updraft/agent.h"
#include "ports/posix/board.h"

#define FIXTURE_HARDWARE "test-board"
#define FIXTURE_IMAGE_SIZE_MAX 65536
#define FIXTURE_CHECKINS_MAX 256
#define FIXTURE_UPDATE_ID 7

/* A signed image and its artifact. */
typedef struct {
    uint8_t image[FIXTURE_IMAGE_SIZE_MAX];
    size_t size; /* header to last TLV */
    ud_image_info_t info;
    uint8_t artifact[2 * FIXTURE_IMAGE_SIZE_MAX];
    size_t artifact_size;
    uint8_t digest[UD_SHA256_SIZE]; /* of the artifact */
    ud_offer_t offer;               /* to install it */
} fixture_release_t;

/* What the server does next; everything is counted. */
typedef struct fixture_server {
    void (*whim)(struct fixture_server *server); /* changes its mind before each check-in is looked at; NULL: never */
    bool knows_last_only;                        /* 409 for a check-in about another update than the one in `offer` */
    const char *token;                           /* given at registration and renewal, demanded from then on */
    uint8_t register_status;                     /* ud_register_status_t */
    ud_offer_t offer;                            /* the answer to each check-in */
    const fixture_release_t *release;            /* what the artifact address serves */

    uint16_t fail_status[UD_REQUEST_COUNT]; /* answer this instead, so many times... */
    uint32_t fail_count[UD_REQUEST_COUNT];
    uint32_t retry_after_s;
    bool unreachable;     /* no stream opens */
    uint32_t break_after; /* the stream breaks after so many bytes of artifact, once; 0: never */
    int64_t flip_at;      /* this byte of the artifact is wrong; -1: none */
    size_t piece;         /* bytes of body at a time */
    uint32_t drip_ms;     /* each of them takes this long, of artifacts and of errors, which have no end; 0: at once */

    uint32_t requests[UD_REQUEST_COUNT];
    uint32_t artifact_bytes;                     /* served */
    uint32_t artifact_first;                     /* lowest offset asked for since it was last set to UINT32_MAX */
    ud_register_t enrol;                         /* the last registration */
    ud_checkin_t checkins[FIXTURE_CHECKINS_MAX]; /* the first ones; the last place is of the last one */
    uint32_t checkin_count;
} fixture_server_t;

typedef struct {
    ud_key_t *key;
    uint8_t public_key[UD_KEY_RAW_SIZE_MAX];
    ud_trusted_key_t trusted;
    ud_port_t *board;
    ud_agent_config_t config;
    ud_agent_t agent;
    ud_journal_t journal;
    _Alignas(uint64_t) uint8_t buffer[UD_AGENT_BUFFER_SIZE(UD_CHUNK_SIZE_DEFAULT)];
    uint64_t now_ms;
    fixture_server_t server;
    fixture_release_t first;        /* what runs: 1.0.0 */
    fixture_release_t second;       /* 2.0.0 */
    uint32_t erases[UD_AREA_COUNT]; /* so far */
    ud_agent_link_t link;
    bool deny_download;
    bool deny_reboot;
    ud_self_test_t self_test;
    uint8_t battery;
} fixture_t;

/* The one fixture; cmocka set-up and tear-down. The device runs 1.0.0, slot B is full of 0x5A, and it is not registered;
 * nothing is offered.
 */
/* What fixture_setup() makes the release key of; ECDSA P-256 unless a test says otherwise. */
extern ud_key_kind_t fixture_kind;
extern const ud_image_scheme_t *fixture_scheme;

int fixture_setup(void **state);
int fixture_setup_on(void **state, ud_board_config_t *board, const ud_slot_mode_t *slots);
int fixture_teardown(void **state);

/* Signs a payload of `payload_size` bytes; the offer is complete and for chunks of `chunk_size`. */
void fixture_release(fixture_t *fixture, const char *version, uint32_t counter, size_t payload_size,
                     uint16_t chunk_size, fixture_release_t *release);

/* Offers a release from the next check-in on. */
void fixture_offer(fixture_t *fixture, const fixture_release_t *release);

/* What a reset does: RAM is filled with rubbish and the agent starts anew. Installs nothing: no boot here. */
void fixture_restart(fixture_t *fixture);

/* Steps until `done`, moving the clock to each wake-up. False if the agent slept past `limit_ms` of its clock, or lost
 * power; a reset restarts it, and counts.
 */
bool fixture_run_until(fixture_t *fixture, bool (*done)(const fixture_t *fixture), uint64_t limit_ms,
                       ud_board_end_t *end);

/* Registers, to the first check-in that was answered. */
void fixture_register(fixture_t *fixture);

/* The last check-in that came. */
const ud_checkin_t *fixture_last(const fixture_t *fixture);

/* True if slot B holds the release's image at the staging offset. */
bool fixture_slot_b_holds(const fixture_t *fixture, const fixture_release_t *release);

/* For fixture_run_until. */
bool fixture_is_idle(const fixture_t *fixture);
bool fixture_is_staged(const fixture_t *fixture);
bool fixture_has_result(const fixture_t *fixture);
bool fixture_is_downloading(const fixture_t *fixture); /* the second chunk is being written */
bool fixture_is_waiting(const fixture_t *fixture);     /* and said so */
bool fixture_never(const fixture_t *fixture);

extern const ud_transport_t fixture_transport;

#endif
