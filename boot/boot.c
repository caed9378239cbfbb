#include "include/updraft/boot.h"

#include "boot/inspect.h"
#include "boot/mode.h"
#include "core/base/bytes.h"

#include <string.h>

/* Decisions in one start; test_policy.c finds the longest way, 16. */
#define ROUNDS_MAX 20

/* Announced resets of one trial that use up no attempt. */
#define ANNOUNCED_MAX 250

typedef struct { /* what is asked for often comes first: small offsets make small code */
    ud_boot_facts_t facts;
    ud_area_t home;          /* the slot that runs */
    bool worn;               /* the journal took no row in this start, and is asked in vain from then on */
    bool distrusts_b;        /* slot B did not give its image as it had been verified: not twice in one start */
    ud_slot_record_t record; /* what is true; the journal follows it as far as it takes rows */
    ud_boot_judge_t judge;
    ud_boot_found_t a;
    ud_boot_found_t b;
    ud_journal_t journal;
} boot_t;

static void tell(boot_t *boot, ud_boot_reason_t boot_reason, ud_err_t revert_reason, const uint8_t *digest)
{
    ud_err_t err = ud_slot_reason_put(&boot->journal, boot_reason, revert_reason, digest);
    (void)err;
}

static const ud_boot_mode_t *mode_of(const boot_t *boot)
{
    return boot->judge.config->mode;
}

/* ---- facts ---------------------------------------------------------------------------------------------------------- */

static uint8_t cause_of(const boot_t *boot)
{
    const ud_slot_record_t *record = &boot->record;
    uint32_t cause = 1u << ud_port_reset_cause(boot->judge.port);
    bool announced = record->announced && record->announced_count < ANNOUNCED_MAX;
    return (uint8_t)(cause == UD_FACT_ORDERLY && announced ? UD_FACT_ANNOUNCED : cause);
}

/* Facts as the record has them; the images are still to be looked at. */
static void gather(boot_t *boot)
{
    const ud_slot_record_t *record = &boot->record;
    uint32_t failures = record->abnormal_resets;
    uint32_t most = UD_BOOT_CRASH_LOOP;
    boot->home = record->runs_b ? UD_AREA_SLOT_B : UD_AREA_SLOT_A;
    boot->facts.state = (uint8_t)(1u << record->state);
    boot->facts.install = (uint8_t)(1u << record->install);
    if (record->state == UD_SLOT_TRIAL) {
        failures = record->attempts;
        most = UD_BOOT_ATTEMPTS;
        if (record->reason != UD_OK || boot->worn) {
            boot->facts.state = UD_FACT_REJECTED;
        }
    }
    if (boot->worn && (boot->facts.install & UD_FACT_MOVING) != 0) {
        boot->facts.install = UD_FACT_ADRIFT;
    }
    boot->facts.patience = failures < most ? UD_FACT_PATIENCE : UD_FACT_NO_PATIENCE;
    boot->facts.a = UD_FACT_A_ANY;
    boot->facts.b = boot->distrusts_b ? UD_FACT_BAD : UD_FACT_B_ANY;
    boot->a.verdict = UD_VERDICT_INVALID;
    boot->b.reason = UD_ERR_NOT_CONFIRMED; /* why slot B is refused unseen */
}

/* What port and journal say of keys and of the security counter. */
static void gather_judge(boot_t *boot)
{
    ud_boot_judge_t *judge = &boot->judge;
    const ud_boot_config_t *config = judge->config;
    const uint8_t *key_hash;
    judge->trust = (ud_trust_t){.keys = config->keys, .count = config->key_count};
    for (const ud_trusted_key_t *key = config->keys; key < config->keys + config->key_count; key++) {
        if (ud_port_key_is_revoked(judge->port, key->key_hash)) {
            ud_trust_revoke(&judge->trust, key->key_hash, UD_SHA256_SIZE);
        }
    }
    for (size_t index = 0; (key_hash = ud_slot_revoked(&boot->journal, index)) != NULL; index++) {
        ud_trust_revoke(&judge->trust, key_hash, UD_SLOT_REVOKED_SIZE);
    }
    uint32_t counter = ud_port_security_counter(judge->port);
    judge->counter = counter > boot->record.security_counter ? counter : boot->record.security_counter;
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

/* Nothing is known, and which image is to be tried is found by comparing them. */
static bool compares(const boot_t *boot)
{
    return boot->facts.state == UD_FACT_UNKNOWN && boot->facts.install == UD_FACT_IDLE && !boot->worn &&
           mode_of(boot)->compare != NULL;
}

/* What an image that counts as confirmed says of counter and keys holds. */
static void believe_a(boot_t *boot)
{
    boot->judge.trust.revoked |= boot->a.revokes;
    uint32_t counter = boot->a.security_counter;
    boot->judge.counter = counter > boot->judge.counter ? counter : boot->judge.counter;
}

static void look_a(boot_t *boot)
{
    boot->facts.a = ud_boot_inspect(&boot->judge, boot->home, 0, &boot->a);
    bool meant = memcmp(boot->a.hash, boot->record.digest, UD_SHA256_SIZE) == 0;
    if (meant && boot->facts.install == UD_FACT_ADRIFT && installs(&boot->record)) {
        boot->facts.state = UD_FACT_REJECTED; /* it came to its end without a row: what stands here was never tried */
    }
    if (boot->facts.a != UD_FACT_GOOD) {
        return;
    }
    if (!meant && !is_settled(boot)) {
        boot->facts.state = UD_FACT_UNKNOWN; /* not the image on trial, put there by a probe: no trial */
    }
    if (is_settled(boot) && !compares(boot)) {
        believe_a(boot);
    }
}

/* The journal, so that what runs may never have started; not on a new board, nor where a probe put another image. */
static bool was_lost(const boot_t *boot)
{
    return boot->journal.condition == UD_JOURNAL_LOST || ud_slot_boot_reason(&boot->journal) == UD_BOOT_JOURNAL_LOST;
}

/* What a good image in slot B is to be taken for. */
static uint8_t rate_b(boot_t *boot)
{
    if (ud_slot_is_bad(&boot->journal, boot->b.hash)) {
        boot->b.reason = UD_ERR_KNOWN_BAD;
        return UD_FACT_KNOWN_BAD;
    }
    if (boot->facts.a != UD_FACT_GOOD || !compares(boot)) {
        return UD_FACT_GOOD;
    }
    int order = mode_of(boot)->compare(&boot->b, &boot->a);
    if (order > 0 && (boot->a.revokes & boot->b.key) != 0) {
        boot->b.reason = UD_ERR_KEY_REVOKED; /* it may be the way back, but is not tried */
        return UD_FACT_BAD;
    }
    return order > 0 ? UD_FACT_AHEAD : order < 0 && was_lost(boot) ? UD_FACT_BEHIND : UD_FACT_GOOD;
}

static void look_b(boot_t *boot)
{
    ud_area_t spare = boot->home == UD_AREA_SLOT_A ? UD_AREA_SLOT_B : UD_AREA_SLOT_A;
    uint32_t staging = ud_slot_staging_offset(mode_of(boot)->slots, boot->judge.port);
    bool staged = boot->facts.install == UD_FACT_STAGED;
    uint32_t offset = staged != boot->record.crossed ? staging : 0;
    uint8_t worth = ud_boot_inspect(&boot->judge, spare, offset, &boot->b);
    if (worth == UD_FACT_GOOD) {
        worth = rate_b(boot);
    } else if (!staged && staging != 0 &&
               ud_boot_inspect(&boot->judge, spare, staging - offset, &boot->b) == UD_FACT_GOOD) {
        worth = UD_FACT_SPARE;
    }
    boot->facts.b = worth;
}

/* ---- what comes of an image ----------------------------------------------------------------------------------------- */

/* Nothing is to be done any more, and what runs begins anew in that state. */
static void settle(boot_t *boot, ud_slot_state_t state, uint8_t abnormal_resets)
{
    ud_slot_record_t *record = &boot->record;
    record->state = (uint8_t)state;
    record->install = UD_INSTALL_NONE;
    record->attempts = 0;
    record->abnormal_resets = abnormal_resets;
    record->announced = false;
    record->announced_count = 0;
    record->reason = UD_OK;
}

/* Why the image in slot A should not go on running. */
static ud_err_t what_failed(const boot_t *boot)
{
    if (boot->facts.state == UD_FACT_REJECTED) {
        return (ud_err_t)boot->record.reason;
    }
    return boot->facts.state == UD_FACT_TRIAL ? UD_ERR_CRASHED : UD_ERR_CRASH_LOOP;
}

/* Remembers the image as bad, unless the reason says nothing against it. */
static void blame(boot_t *boot, ud_err_t reason, const uint8_t *digest)
{
    if (reason != UD_ERR_NO_CONTACT && reason != UD_ERR_FLASH_READ) {
        ud_err_t err = ud_slot_bad_put(&boot->journal, digest);
        (void)err;
    }
}

/* Keeps what the confirmed image revokes where it outlives the image. */
static void keep_revoked(boot_t *boot)
{
    const ud_trust_t *trust = &boot->judge.trust;
    for (size_t index = 0; index < trust->count; index++) {
        if ((boot->a.revokes >> index & 1) != 0) {
            const uint8_t *key_hash = trust->keys[index].key_hash;
            ud_err_t err = ud_slot_revoke(&boot->journal, key_hash);
            (void)err;
            ud_port_key_revoke(boot->judge.port, key_hash);
        }
    }
}

/* Says once that the journal was lost, and that safe mode is over. */
static void tell_calm(boot_t *boot)
{
    ud_boot_reason_t reason = ud_slot_boot_reason(&boot->journal);
    bool lost = reason == UD_BOOT_NORMAL && boot->journal.condition == UD_JOURNAL_LOST;
    if (lost || reason == UD_BOOT_SAFE_MODE) {
        tell(boot, lost ? UD_BOOT_JOURNAL_LOST : UD_BOOT_NORMAL, UD_OK, boot->a.hash);
    }
}

/* A confirmed image, or one taken as such because the journal knows nothing. */
static void boot_calm(boot_t *boot)
{
    tell_calm(boot);
    believe_a(boot);
    if (boot->facts.state != UD_FACT_CONFIRMED) {
        settle(boot, UD_SLOT_CONFIRMED, boot->record.abnormal_resets);
    }
    ud_port_security_counter_raise(boot->judge.port, boot->judge.counter);
    keep_revoked(boot);
}

/* A failed trial without a way back ends here: on trial the device would take no update, and could not be mended. */
static void boot_safe(boot_t *boot)
{
    ud_err_t failed = what_failed(boot);
    if (ud_slot_boot_reason(&boot->journal) != UD_BOOT_SAFE_MODE) {
        tell(boot, UD_BOOT_SAFE_MODE, failed, boot->a.hash);
    }
    if (!is_settled(boot)) {
        blame(boot, failed, boot->a.hash);
        settle(boot, UD_SLOT_CONFIRMED, UD_BOOT_CRASH_LOOP);
    }
}

static void try_image(boot_t *boot)
{
    boot->record.announced = false;
    if (boot->facts.cause == UD_FACT_ANNOUNCED) {
        boot->record.announced_count++;
    } else {
        boot->record.attempts++;
    }
}

/* ---- installing ----------------------------------------------------------------------------------------------------- */

static void refuse(boot_t *boot)
{
    tell(boot, UD_BOOT_STAGED_REFUSED, boot->b.reason, boot->record.digest);
    boot->record.install = UD_INSTALL_NONE;
    boot->record.crossed = false;
}

/* A trial that ends so says why: its image is lost, or the journal took no row for a revert. */
static void rescue(boot_t *boot)
{
    if (is_settled(boot)) {
        tell(boot, UD_BOOT_RESCUED, UD_OK, boot->b.hash);
    } else {
        ud_err_t lost = boot->facts.a == UD_FACT_GOOD ? what_failed(boot) : boot->a.reason;
        tell(boot, UD_BOOT_RESCUED, lost, boot->record.digest);
    }
    boot->distrusts_b = true;
    boot->facts.cause = UD_FACT_POWER_ON;
    if (mode_of(boot)->rescue(boot->judge.port, boot->judge.config, &boot->record, &boot->b) == UD_OK) {
        settle(boot, UD_SLOT_CONFIRMED, 0);
    }
}

/* False if the journal does not take the plan: then there is none. */
static bool begin(boot_t *boot, bool back)
{
    ud_slot_record_t *record = &boot->record;
    record->reason = (uint16_t)(back ? what_failed(boot) : UD_OK);
    ud_bytes_copy(record->digest, back ? boot->a.hash : boot->b.hash, UD_SHA256_SIZE);
    ud_install_t direction = back == record->crossed ? UD_INSTALL_UPGRADE : UD_INSTALL_REVERT;
    if (mode_of(boot)->begin(&boot->journal, record, direction, boot->b.size) != UD_OK) {
        record->install = UD_INSTALL_NONE;
        boot->worn = true;
    }
    return !boot->worn;
}

static void install(boot_t *boot)
{
    if (!begin(boot, false)) {
        refuse(boot);
    }
}

static void revert(boot_t *boot)
{
    if (!begin(boot, true)) {
        rescue(boot);
    }
}

/* What a completed move means. Rows about it go before the record: until that is written, all of this is done again. */
static void complete(boot_t *boot)
{
    static const uint8_t meaning[2][2] = {{UD_BOOT_REVERTED, UD_BOOT_INSTALLED},
                                          {UD_BOOT_STAGED_REFUSED, UD_BOOT_NORMAL}};
    ud_slot_record_t *record = &boot->record;
    bool installed = installs(record);
    if (!installed && !record->turned) {
        blame(boot, (ud_err_t)record->reason, record->digest);
    }
    tell(boot, (ud_boot_reason_t)meaning[record->turned][installed], (ud_err_t)record->reason, record->digest);
    if (!installed) {
        record->crossed = false;
        settle(boot, UD_SLOT_CONFIRMED, 0);
    } else if (!record->turned) {
        settle(boot, UD_SLOT_TRIAL, 0);
    }
    record->install = UD_INSTALL_NONE;
}

/* The cause of the reset says nothing of an image that was not there then. */
static void resume(boot_t *boot)
{
    bool adrift = boot->facts.install == UD_FACT_ADRIFT;
    ud_err_t err = mode_of(boot)->move(&boot->journal, boot->judge.config, &boot->record, adrift);
    if (err == UD_ERR_JOURNAL_WORN) {
        boot->worn = true;
        return;
    }
    boot->facts.cause = UD_FACT_POWER_ON;
    if (err == UD_OK) {
        boot->distrusts_b = boot->record.turned;
        complete(boot);
    } else {
        boot->record.crossed = false;
        settle(boot, UD_SLOT_EMPTY, 0);
    }
}

/* Nothing is known of what runs, and there is another to go back to. */
static void doubt(boot_t *boot)
{
    tell_calm(boot);
    ud_bytes_copy(boot->record.digest, boot->a.hash, UD_SHA256_SIZE);
    settle(boot, UD_SLOT_TRIAL, 0);
    if (ud_slot_record_put(&boot->journal, &boot->record) != UD_OK) {
        boot->worn = true; /* then what stands there runs, as ever */
        settle(boot, UD_SLOT_EMPTY, 0);
    }
}

static void recover(boot_t *boot)
{
    ud_port_recover(boot->judge.port);
}

/* ---- deciding ------------------------------------------------------------------------------------------------------- */

/* Each changes record and facts. */
static void (*const actions[UD_ACTION_COUNT])(boot_t *boot) = {
    [UD_ACTION_LOOK_A] = look_a,       [UD_ACTION_LOOK_B] = look_b,      [UD_ACTION_INSTALL] = install,
    [UD_ACTION_RESUME] = resume,       [UD_ACTION_REFUSE] = refuse,      [UD_ACTION_REVERT] = revert,
    [UD_ACTION_RESCUE] = rescue,       [UD_ACTION_DOUBT] = doubt,        [UD_ACTION_RECOVER] = recover,
    [UD_ACTION_TRY] = try_image,       [UD_ACTION_TRY_FREE] = try_image, [UD_ACTION_BOOT] = boot_calm,
    [UD_ACTION_BOOT_SAFE] = boot_safe,
};

/* Has the journal follow. What is not on flash helps the next start or the server; only a trial must not begin without. */
static void keep(boot_t *boot)
{
    boot->record.security_counter = boot->judge.counter;
    const void *record = &boot->record; /* is its row, byte by byte (core/slot/record.h) */
    if (memcmp(record, ud_journal_get(&boot->journal, UD_ROW_SLOT), sizeof boot->record) != 0 &&
        ud_slot_record_put(&boot->journal, &boot->record) != UD_OK) {
        boot->worn = true;
    }
}

/* The verdict travels as it came from the signature check, and is looked at twice; in between everything else that
 * decides is gathered and judged a second time. If the two judgements differ, a glitch or a bad read made one of them, and
 * the next start makes new ones.
 */
static void hand_over(boot_t *boot, bool safe_mode, ud_boot_result_t *result)
{
    const volatile ud_verdict_t *verdict = &boot->a.verdict;
    if (*verdict != UD_VERDICT_VALID) {
        ud_port_recover(boot->judge.port);
    }
    result->area = boot->home;
    result->code_offset = boot->a.header_size;
    result->safe_mode = safe_mode;
    gather_judge(boot);
    result->verdict = ud_boot_inspect_again(&boot->judge, boot->home, &boot->a);
    verdict = &result->verdict;
    if (*verdict != UD_VERDICT_VALID || boot->facts.a != UD_FACT_GOOD) {
        ud_port_reset(boot->judge.port);
    }
}

/* Reads what is known. A journal that takes no repair still tells it; each write that must not fail is checked where it is. */
static void open(boot_t *boot)
{
    ud_slot_record_t *record = &boot->record;
    ud_err_t err = ud_journal_open(&boot->journal, boot->judge.port);
    (void)err;
    ud_slot_record_get(&boot->journal, record);
    record->runs_b = record->runs_b && mode_of(boot)->slots->runs_both;
    gather_judge(boot);
    boot->facts.cause = cause_of(boot);
    bool crashed = (boot->facts.cause & UD_FACT_ABNORMAL) != 0 && record->state != UD_SLOT_TRIAL;
    if (crashed && record->abnormal_resets < UD_BOOT_CRASH_LOOP) {
        record->abnormal_resets++;
    }
}

void ud_boot_run(ud_port_t *port, const ud_boot_config_t *config, ud_boot_result_t *result)
{
    boot_t boot = {.judge = {.port = port, .config = config}};
    *result = (ud_boot_result_t){.verdict = UD_VERDICT_INVALID};
    open(&boot);
    gather(&boot);
    for (int round = 0; round < ROUNDS_MAX; round++) {
        ud_action_t action = ud_boot_decide(&config->mode->policy, &boot.facts);
        actions[action](&boot);
        if (action <= UD_ACTION_LOOK_B) {
            continue;
        }
        keep(&boot);
        if (action >= (boot.worn ? UD_ACTION_BOOT : UD_ACTION_TRY)) {
            hand_over(&boot, action == UD_ACTION_BOOT_SAFE, result);
            return;
        }
        gather(&boot);
    }
    ud_port_recover(port);
}
