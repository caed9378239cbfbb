#include "include/updraft/boot.h"

#include "boot/inspect.h"
#include "boot/mode.h"

#include <string.h>

/* Decisions in one start; test_policy.c finds the longest way, 16. */
#define ROUNDS_MAX 20

/* Announced resets of one trial that use up no attempt. */
#define ANNOUNCED_MAX 250

typedef struct { /* what is asked for often comes first: small offsets make small code */
    ud_port_t *port;
    const ud_boot_config_t *config;
    ud_boot_result_t *result;
    ud_boot_facts_t facts;
    bool moved;       /* another image stands in slot A than when the device reset: the cause says nothing of it */
    bool distrusts_b; /* slot B did not give its image as it had been verified: not twice in one start */
    ud_slot_record_t record; /* what is true; the journal follows it as far as it takes rows */
    ud_boot_found_t a;
    ud_boot_found_t b;
    ud_trust_t trust; /* without the keys that port, journal or a confirmed image revoked */
    ud_journal_t journal;
} boot_t;

static ud_err_t put(boot_t *boot)
{
    return ud_slot_record_put(&boot->journal, &boot->record);
}

/* For rows that help the next start or the server, and without which this one goes on. */
static void put_if_possible(boot_t *boot)
{
    ud_err_t err = put(boot);
    (void)err;
}

static void tell(boot_t *boot, ud_boot_reason_t boot_reason, ud_err_t revert_reason, const uint8_t *digest)
{
    ud_err_t err = ud_slot_reason_put(&boot->journal, boot_reason, revert_reason, digest);
    (void)err;
}

static const ud_slot_mode_t *slots_of(const boot_t *boot)
{
    return boot->config->mode->slots;
}

/* The slot that runs. */
static ud_area_t home(const boot_t *boot)
{
    return slots_of(boot)->runs_both && boot->record.runs_b ? UD_AREA_SLOT_B : UD_AREA_SLOT_A;
}

static ud_area_t spare(const boot_t *boot)
{
    return ud_slot_spare(slots_of(boot), home(boot));
}

/* ---- facts ---------------------------------------------------------------------------------------------------------- */

static const uint8_t state_facts[] = {
    [UD_SLOT_EMPTY] = UD_FACT_UNKNOWN,
    [UD_SLOT_TRIAL] = UD_FACT_TRIAL,
    [UD_SLOT_CONFIRMED] = UD_FACT_CONFIRMED,
};

static const uint8_t install_facts[UD_INSTALL_COUNT] = {
    [UD_INSTALL_NONE] = UD_FACT_IDLE,
    [UD_INSTALL_STAGED] = UD_FACT_STAGED,
    [UD_INSTALL_UPGRADE] = UD_FACT_MOVING,
    [UD_INSTALL_REVERT] = UD_FACT_MOVING,
};

static const uint8_t cause_facts[] = {
    [UD_RESET_POWER_ON] = UD_FACT_POWER_ON,
    [UD_RESET_ORDERLY] = UD_FACT_ORDERLY,
    [UD_RESET_WATCHDOG] = UD_FACT_ABNORMAL,
    [UD_RESET_FAULT] = UD_FACT_ABNORMAL,
};

/* Facts as the record has them; the images are still to be looked at. */
static void gather(boot_t *boot)
{
    const ud_slot_record_t *record = &boot->record;
    uint8_t cause = boot->moved ? UD_FACT_POWER_ON : cause_facts[ud_port_reset_cause(boot->port)];
    bool announced = record->announced && record->announced_count < ANNOUNCED_MAX;
    uint8_t state = state_facts[record->state];
    bool patience = state == UD_FACT_TRIAL ? record->attempts < UD_BOOT_ATTEMPTS
                                           : record->abnormal_resets + (cause == UD_FACT_ABNORMAL) < UD_BOOT_CRASH_LOOP;
    boot->facts = (ud_boot_facts_t){
        .state = state == UD_FACT_TRIAL && record->reason != UD_OK ? UD_FACT_REJECTED : state,
        .install = install_facts[record->install],
        .cause = cause == UD_FACT_ORDERLY && announced ? UD_FACT_ANNOUNCED : cause,
        .patience = patience ? UD_FACT_PATIENCE : UD_FACT_NO_PATIENCE,
        .a = UD_FACT_A_ANY,
        .b = UD_FACT_B_ANY,
    };
    boot->a = (ud_boot_found_t){.verdict = UD_VERDICT_INVALID, .worth = UD_FACT_BAD};
    boot->b = boot->a;
}

/* A move puts an image on trial, or gives one back. */
static bool installs(const ud_slot_record_t *record)
{
    return (record->install == UD_INSTALL_UPGRADE) != record->crossed;
}

static bool is_settled(const boot_t *boot)
{
    return (boot->facts.state & (UD_FACT_TRIAL | UD_FACT_REJECTED)) == 0;
}

/* The least security counter an image must have: of hardware, journal, and the confirmed image. */
static uint32_t counter_floor(const boot_t *boot)
{
    uint32_t floor = ud_port_security_counter(boot->port);
    floor = boot->record.security_counter > floor ? boot->record.security_counter : floor;
    bool counts = is_settled(boot) && boot->a.verdict == UD_VERDICT_VALID;
    return counts && boot->a.security_counter > floor ? boot->a.security_counter : floor;
}

static bool look_a(boot_t *boot)
{
    ud_boot_inspect(boot->port, boot->config, &boot->trust, home(boot), 0, counter_floor(boot), &boot->a);
    boot->facts.a = boot->a.worth;
    if (boot->facts.install == UD_FACT_ADRIFT && installs(&boot->record) &&
        memcmp(boot->a.hash, boot->record.digest, UD_SHA256_SIZE) == 0) {
        /* it came to its end without a row: what stands here was never tried */
        boot->record.reason = UD_ERR_JOURNAL_WORN;
        boot->facts.state = UD_FACT_REJECTED;
    }
    /* another image than the one on trial, put there by a probe: no trial */
    if (!is_settled(boot) && memcmp(boot->a.hash, boot->record.digest, UD_SHA256_SIZE) != 0) {
        boot->facts.state = boot->a.worth == UD_FACT_GOOD ? UD_FACT_UNKNOWN : boot->facts.state;
    }
    boot->trust.revoked |= is_settled(boot) ? boot->a.revokes : 0;
    return false;
}

/* By security counter, then version. */
static bool is_ahead(const ud_boot_found_t *b, const ud_boot_found_t *a)
{
    return b->security_counter != a->security_counter ? b->security_counter > a->security_counter
                                                      : ud_version_compare_full(&b->version, &a->version) > 0;
}

/* What a good image in slot B is to be taken for. */
static uint8_t rate_b(boot_t *boot)
{
    if (ud_slot_is_bad(&boot->journal, boot->b.hash)) {
        boot->b.reason = UD_ERR_KNOWN_BAD;
        return UD_FACT_KNOWN_BAD;
    }
    bool equals = slots_of(boot)->runs_both && boot->facts.state == UD_FACT_UNKNOWN && boot->facts.a == UD_FACT_GOOD;
    return equals && is_ahead(&boot->b, &boot->a) ? UD_FACT_AHEAD : UD_FACT_GOOD;
}

static bool look_b(boot_t *boot)
{
    if (boot->distrusts_b) {
        boot->facts.b = UD_FACT_BAD;
        return false;
    }
    uint32_t staging = ud_slot_staging_offset(slots_of(boot), boot->port);
    bool staged = boot->facts.install == UD_FACT_STAGED;
    uint32_t offset = staged != boot->record.crossed ? staging : 0;
    uint32_t floor = counter_floor(boot);
    ud_boot_inspect(boot->port, boot->config, &boot->trust, spare(boot), offset, floor, &boot->b);
    if (boot->b.worth == UD_FACT_GOOD) {
        boot->facts.b = rate_b(boot);
        return false;
    }
    boot->facts.b = boot->b.worth;
    if (!staged && staging != 0) {
        ud_boot_inspect(boot->port, boot->config, &boot->trust, spare(boot), staging - offset, floor, &boot->b);
        boot->facts.b = boot->b.worth == UD_FACT_GOOD ? UD_FACT_SPARE : boot->facts.b;
    }
    return false;
}

/* ---- jumping -------------------------------------------------------------------------------------------------------- */

/* What the journal and the port say of keys. */
static void gather_trust(boot_t *boot)
{
    const ud_boot_config_t *config = boot->config;
    const uint8_t *key_hash;
    boot->trust = (ud_trust_t){.keys = config->keys, .count = config->key_count};
    for (size_t index = 0; index < config->key_count; index++) {
        if (ud_port_key_is_revoked(boot->port, config->keys[index].key_hash)) {
            boot->trust.revoked |= 1u << index;
        }
    }
    for (size_t index = 0; (key_hash = ud_slot_revoked(&boot->journal, index)) != NULL; index++) {
        ud_trust_revoke(&boot->trust, key_hash, UD_SLOT_REVOKED_SIZE);
    }
}

/* The verdict travels as it came from the signature check, and is looked at twice; in between everything else that
 * decides is gathered and judged a second time. If the two judgements differ, a glitch or a bad read made one of them, and
 * the next start makes new ones.
 */
static bool hand_over(boot_t *boot, bool safe_mode)
{
    const volatile ud_verdict_t *verdict = &boot->a.verdict;
    if (*verdict != UD_VERDICT_VALID) {
        ud_port_recover(boot->port);
    }
    boot->result->area = home(boot);
    boot->result->code_offset = boot->a.header_size;
    boot->result->safe_mode = safe_mode;
    gather_trust(boot);
    boot->result->verdict =
        ud_boot_inspect_again(boot->port, boot->config, &boot->trust, home(boot), counter_floor(boot), &boot->a);
    verdict = &boot->result->verdict;
    if (*verdict != UD_VERDICT_VALID || boot->facts.a != UD_FACT_GOOD) {
        ud_port_reset(boot->port);
    }
    return true;
}

static void count_abnormal(boot_t *boot)
{
    if (boot->facts.cause == UD_FACT_ABNORMAL && boot->record.abnormal_resets < UD_BOOT_CRASH_LOOP) {
        boot->record.abnormal_resets++;
    }
}

/* Keeps what the confirmed image revokes where it outlives the image. */
static void keep_revoked(boot_t *boot)
{
    for (size_t index = 0; index < boot->trust.count; index++) {
        if ((boot->a.revokes >> index & 1) != 0) {
            const uint8_t *key_hash = boot->trust.keys[index].key_hash;
            ud_err_t err = ud_slot_revoke(&boot->journal, key_hash);
            (void)err;
            ud_port_key_revoke(boot->port, key_hash);
        }
    }
}

/* A confirmed image, or one taken as such because the journal knows nothing. */
static bool boot_calm(boot_t *boot)
{
    ud_slot_record_t before = boot->record;
    ud_boot_reason_t reason = ud_slot_boot_reason(&boot->journal);
    if (boot->facts.state != UD_FACT_CONFIRMED) {
        boot->record.state = UD_SLOT_CONFIRMED;
        boot->record.attempts = 0;
        boot->record.reason = UD_OK;
    }
    if (boot->journal.condition == UD_JOURNAL_LOST && reason == UD_BOOT_NORMAL) {
        tell(boot, UD_BOOT_JOURNAL_LOST, UD_OK, boot->a.hash);
    } else if (reason == UD_BOOT_SAFE_MODE) {
        tell(boot, UD_BOOT_NORMAL, UD_OK, boot->a.hash);
    }
    count_abnormal(boot);
    if (boot->a.security_counter > boot->record.security_counter) {
        boot->record.security_counter = boot->a.security_counter;
    }
    bool changed = before.state != boot->record.state || before.abnormal_resets != boot->record.abnormal_resets ||
                   before.security_counter != boot->record.security_counter;
    if (changed) {
        put_if_possible(boot);
    }
    ud_port_security_counter_raise(boot->port, boot->record.security_counter);
    keep_revoked(boot);
    return hand_over(boot, false);
}

/* Nothing runs on trial of which the journal does not know: without a row there is no trial, and the one before comes
 * back.
 */
static bool try_image(boot_t *boot, bool free)
{
    bool announced = boot->record.announced;
    boot->record.announced = false;
    boot->record.announced_count = (uint8_t)(boot->record.announced_count + (free && announced));
    boot->record.attempts = (uint8_t)(boot->record.attempts + !free);
    if (put(boot) != UD_OK) {
        boot->record.reason = UD_ERR_JOURNAL_WORN;
        boot->facts.state = UD_FACT_REJECTED;
        return false;
    }
    return hand_over(boot, false);
}

static bool boot_trial(boot_t *boot)
{
    return try_image(boot, false);
}

static bool boot_trial_free(boot_t *boot)
{
    return try_image(boot, true);
}

/* Why the image in slot A should not go on running. */
static ud_err_t what_failed(const boot_t *boot)
{
    if (boot->facts.state == UD_FACT_REJECTED) {
        return boot->record.reason;
    }
    return boot->facts.state == UD_FACT_TRIAL ? UD_ERR_CRASHED : UD_ERR_CRASH_LOOP;
}

/* Reasons that say nothing against the image. */
static bool is_blameless(ud_err_t reason)
{
    return reason == UD_ERR_NO_CONTACT || reason == UD_ERR_FLASH_READ || reason == UD_ERR_JOURNAL_WORN;
}

static void blame(boot_t *boot, ud_err_t reason, const uint8_t *digest)
{
    ud_err_t err = is_blameless(reason) ? UD_OK : ud_slot_bad_put(&boot->journal, digest);
    (void)err;
}

/* A failed trial without a way back ends here: on trial the device would take no update, and could not be mended. */
static bool boot_safe(boot_t *boot)
{
    uint8_t before = boot->record.abnormal_resets;
    if (ud_slot_boot_reason(&boot->journal) != UD_BOOT_SAFE_MODE) {
        tell(boot, UD_BOOT_SAFE_MODE, what_failed(boot), boot->a.hash);
    }
    if (is_settled(boot)) {
        count_abnormal(boot);
    } else {
        blame(boot, what_failed(boot), boot->a.hash);
        boot->record.state = UD_SLOT_CONFIRMED;
        boot->record.reason = UD_OK;
        boot->record.attempts = 0;
        boot->record.abnormal_resets = UD_BOOT_CRASH_LOOP;
    }
    if (boot->record.abnormal_resets != before) {
        put_if_possible(boot);
    }
    return hand_over(boot, true);
}

/* ---- installing ----------------------------------------------------------------------------------------------------- */

static bool refuse(boot_t *boot)
{
    bool looked = boot->facts.b != UD_FACT_B_ANY;
    tell(boot, UD_BOOT_STAGED_REFUSED, looked ? boot->b.reason : UD_ERR_NOT_CONFIRMED, boot->record.digest);
    boot->record.install = UD_INSTALL_NONE;
    boot->record.crossed = false;
    put_if_possible(boot);
    gather(boot);
    return false;
}

static bool install(boot_t *boot)
{
    const ud_boot_mode_t *mode = boot->config->mode;
    ud_install_t direction = boot->record.crossed ? UD_INSTALL_REVERT : UD_INSTALL_UPGRADE;
    uint32_t size_out = ud_boot_size_of(boot->port, mode->slots, home(boot));
    ud_slot_record_t record = boot->record;
    memcpy(record.digest, boot->b.hash, UD_SHA256_SIZE);
    record.reason = UD_OK;
    boot->b.reason = mode->begin(&boot->journal, &record, direction, boot->b.size, size_out);
    if (boot->b.reason != UD_OK && boot->facts.install == UD_FACT_STAGED) {
        return refuse(boot);
    }
    boot->distrusts_b = boot->b.reason != UD_OK;
    boot->record = boot->b.reason == UD_OK ? record : boot->record;
    gather(boot);
    return false;
}

/* A trial that ends so says why: its image is lost, or the journal took no row for a revert. */
static bool rescue(boot_t *boot)
{
    ud_err_t lost = boot->facts.a == UD_FACT_GOOD ? what_failed(boot) : boot->a.reason;
    bool settled = is_settled(boot);
    tell(boot, UD_BOOT_RESCUED, settled ? UD_OK : lost, settled ? boot->b.hash : boot->record.digest);
    boot->distrusts_b = true;
    boot->moved = true;
    if (boot->config->mode->rescue(boot->port, boot->config, &boot->record, boot->b.offset, boot->b.size) != UD_OK) {
        boot->facts.a = UD_FACT_BAD;
        boot->facts.b = UD_FACT_BAD;
        return false;
    }
    boot->record.state = UD_SLOT_CONFIRMED;
    boot->record.install = UD_INSTALL_NONE;
    boot->record.attempts = 0;
    boot->record.abnormal_resets = 0;
    boot->record.reason = UD_OK;
    put_if_possible(boot);
    gather(boot);
    return false;
}

static bool revert(boot_t *boot)
{
    ud_slot_record_t record = boot->record;
    memcpy(record.digest, boot->a.hash, UD_SHA256_SIZE);
    record.reason = (uint16_t)what_failed(boot);
    const ud_boot_mode_t *mode = boot->config->mode;
    ud_install_t direction = record.crossed ? UD_INSTALL_UPGRADE : UD_INSTALL_REVERT;
    if (mode->begin(&boot->journal, &record, direction, boot->b.size, boot->a.size) != UD_OK) {
        return rescue(boot);
    }
    boot->record = record;
    gather(boot);
    return false;
}

/* What a completed move means. Rows about it go before the record: until that is written, all of this is done again. */
static void complete(boot_t *boot)
{
    ud_slot_record_t *record = &boot->record;
    bool installed = installs(record);
    if (record->turned) {
        tell(boot, installed ? UD_BOOT_NORMAL : UD_BOOT_STAGED_REFUSED, record->reason, record->digest);
    } else if (installed) {
        tell(boot, UD_BOOT_INSTALLED, UD_OK, record->digest);
    } else {
        blame(boot, record->reason, record->digest);
        tell(boot, UD_BOOT_REVERTED, record->reason, record->digest);
    }
    if (installed && !record->turned) {
        record->state = UD_SLOT_TRIAL;
        record->attempts = 0;
        record->announced = false;
        record->announced_count = 0;
        record->abnormal_resets = 0;
    } else if (!installed) {
        record->state = UD_SLOT_CONFIRMED;
        record->crossed = false;
        record->attempts = 0;
        record->abnormal_resets = 0;
        record->reason = UD_OK;
    }
    record->install = UD_INSTALL_NONE;
}

static bool resume(boot_t *boot)
{
    bool adrift = boot->facts.install == UD_FACT_ADRIFT;
    ud_err_t err = boot->config->mode->move(&boot->journal, boot->config, &boot->record, adrift);
    if (err == UD_ERR_JOURNAL_WORN) {
        boot->facts.install = UD_FACT_ADRIFT;
        return false;
    }
    boot->moved = true;
    if (err == UD_OK) {
        boot->distrusts_b = boot->record.turned;
        complete(boot);
    } else {
        boot->record.install = UD_INSTALL_NONE;
        boot->record.crossed = false;
        boot->record.state = UD_SLOT_EMPTY;
        boot->record.reason = UD_OK;
    }
    put_if_possible(boot);
    gather(boot);
    return false;
}

static bool recover(boot_t *boot)
{
    ud_port_recover(boot->port);
}

/* ---- deciding ------------------------------------------------------------------------------------------------------- */

/* Each does its action, and says whether the result is there. */
static bool (*const actions[UD_ACTION_COUNT])(boot_t *boot) = {
    [UD_ACTION_LOOK_A] = look_a,
    [UD_ACTION_LOOK_B] = look_b,
    [UD_ACTION_BOOT] = boot_calm,
    [UD_ACTION_TRY] = boot_trial,
    [UD_ACTION_TRY_FREE] = boot_trial_free,
    [UD_ACTION_BOOT_SAFE] = boot_safe,
    [UD_ACTION_INSTALL] = install,
    [UD_ACTION_RESUME] = resume,
    [UD_ACTION_REFUSE] = refuse,
    [UD_ACTION_REVERT] = revert,
    [UD_ACTION_RESCUE] = rescue,
    [UD_ACTION_RECOVER] = recover,
};

void ud_boot_run(ud_port_t *port, const ud_boot_config_t *config, ud_boot_result_t *result)
{
    boot_t boot = {.port = port, .config = config, .result = result};
    *result = (ud_boot_result_t){.verdict = UD_VERDICT_INVALID};
    /* a journal that takes no repair still tells what it knows; each write that must not fail is checked where it is */
    ud_err_t err = ud_journal_open(&boot.journal, port);
    (void)err;
    ud_slot_record_get(&boot.journal, &boot.record);
    gather_trust(&boot);
    gather(&boot);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        if (actions[ud_boot_decide(&config->mode->policy, &boot.facts)](&boot)) {
            return;
        }
    }
    ud_port_recover(port);
}
