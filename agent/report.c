#include "agent/report.h"

#include "agent/machine.h"
#include "agent/pairs.h"
#include "core/base/assert.h"

#include <string.h>

#define DELTA_NONE 0

/* Ranges of api/device.cddl: a modem that says anything else must not keep the device from checking in. */
#define LINK_TYPE_MAX 7
#define SIGNAL_MIN (-200)

/* ---- the journal's row ------------------------------------------------------------ */

ud_err_t ud_report_keep(ud_agent_t *agent)
{
    ud_slot_report_t *report = &agent->report;
    report->update_id = agent->update.update_id;
    report->state = UD_DEVICE_STAGED;
    memcpy(report->image_tag, agent->update.image_digest, sizeof report->image_tag);
    return ud_slot_report_put(agent->journal, report);
}

void ud_report_drop(ud_agent_t *agent)
{
    ud_slot_report_t *report = &agent->report;
    if (report->update_id != 0) {
        report->update_id = 0;
        report->state = UD_DEVICE_IDLE;
        ud_agent_may_fail(ud_slot_report_put(agent->journal, report));
    }
}

/* Takes the next number, reserved in the journal. Where that takes no rows, the numbers are those of an epoch that ends with
 * the next reset.
 */
static void reserve_sequence(ud_agent_t *agent)
{
    agent->sequence++;
    if (agent->sequence >= agent->report.sequence) {
        agent->report.sequence = agent->sequence + UD_AGENT_SEQUENCE_BLOCK;
        if (ud_slot_report_put(agent->journal, &agent->report) != UD_OK) {
            agent->report.epoch = ud_agent_draw(agent);
        }
    }
}

static bool is_tagged(const ud_agent_t *agent, const uint8_t digest[UD_SHA256_SIZE])
{
    return memcmp(agent->report.image_tag, digest, sizeof agent->report.image_tag) == 0;
}

/* Neither on trial nor pending: it runs, or boot took it back or refused it, or boot was never asked. */
static void resolve(ud_agent_t *agent, const ud_slot_status_t *status)
{
    if (agent->report.update_id == 0 || status->state == UD_SLOT_TRIAL || status->install_pending) {
        return;
    }
    bool runs = is_tagged(agent, agent->image_digest);
    ud_device_state_t state = runs ? UD_DEVICE_CONFIRMED : UD_DEVICE_IDLE;
    ud_err_t err = UD_OK;
    if (status->revert_reason != UD_OK && is_tagged(agent, status->revert_digest)) {
        state = runs || status->boot_reason == UD_BOOT_STAGED_REFUSED ? UD_DEVICE_FAILED : UD_DEVICE_REVERTED;
        err = status->revert_reason;
    }
    if (state == UD_DEVICE_IDLE) {
        ud_report_drop(agent);
    } else {
        ud_report_result(agent, agent->report.update_id, state, err);
    }
}

void ud_report_open(ud_agent_t *agent, const ud_slot_status_t *status)
{
    if (ud_slot_report_get(agent->journal, &agent->report) != UD_OK) {
        agent->report.epoch = ud_agent_draw(agent);
    }
    agent->sequence = agent->report.sequence;
    resolve(agent, status);
}

/* ---- results ------------------------------------------------------------ */

void ud_report_result(ud_agent_t *agent, uint32_t update_id, ud_device_state_t state, ud_err_t err)
{
    agent->result_pending = true;
    agent->result_id = update_id;
    agent->result = (uint8_t)state;
    agent->result_error = err;
}

void ud_report_forget(ud_agent_t *agent)
{
    agent->sent_open = false;
    if (agent->result_id == agent->sent.update_id) {
        agent->result_pending = false;
    }
    if (agent->report.update_id == agent->sent.update_id) {
        ud_report_drop(agent);
    }
}

void ud_report_acknowledged(ud_agent_t *agent)
{
    agent->sent_open = false;
    if (agent->result_pending && agent->sent.state == agent->result) {
        ud_report_forget(agent);
    }
}

_Static_assert(UD_CHECKIN_IMAGE_DIGEST == UD_CHECKIN_VERSION + 1 && UD_REGISTER_IMAGE_DIGEST == UD_REGISTER_VERSION + 1,
               "the digest follows the version");
_Static_assert(UD_CHECKIN_UPTIME < 24, "the pairs of a check-in are counted in its first byte");

/* ---- check-in ------------------------------------------------------------ */

static ud_device_state_t update_state(const ud_agent_t *agent)
{
    static const uint8_t states[UD_AGENT_STATE_COUNT] = {
        [UD_AGENT_WAITING] = UD_DEVICE_WAITING,     [UD_AGENT_DOWNLOADING] = UD_DEVICE_DOWNLOADING,
        [UD_AGENT_WRITING] = UD_DEVICE_DOWNLOADING, [UD_AGENT_VERIFYING] = UD_DEVICE_VERIFYING,
        [UD_AGENT_STAGED] = UD_DEVICE_STAGED,       [UD_AGENT_TRIAL] = UD_DEVICE_TRIAL,
    };
    uint8_t state = states[agent->state];
    return (ud_device_state_t)(state != UD_DEVICE_IDLE ? state : states[agent->home]);
}

ud_device_state_t ud_agent_device_state(const ud_agent_t *agent)
{
    return agent->result_pending ? (ud_device_state_t)agent->result : update_state(agent);
}

uint8_t ud_agent_progress(const ud_agent_t *agent)
{
    if (!agent->has_update) {
        return 0;
    }
    uint32_t written = agent->chain.offset - (agent->state == UD_AGENT_WRITING ? agent->chunk_size : 0);
    uint32_t size = agent->chain.image_size;
    while (size > UINT32_MAX / 100) { /* coarser, rather than a division of 64 bits */
        size /= 2;
        written /= 2;
    }
    return (uint8_t)(written * 100 / size);
}

/* Brings what was told up to what there is to tell at this moment; true if that is another thing. */
static bool renew(const ud_agent_t *agent, ud_agent_news_t *told)
{
    ud_agent_news_t news = {
        .state = (uint8_t)ud_agent_device_state(agent),
        .percent = ud_agent_progress(agent),
        .update_id = agent->has_update ? agent->update.update_id : agent->report.update_id,
    };
    if (agent->result_pending) {
        news.update_id = agent->result_id;
        news.error = (uint16_t)agent->result_error;
    } else if (news.state == UD_DEVICE_WAITING) {
        news.error = (uint16_t)agent->wait_reason;
    }
    bool changed = memcmp(&news, told, sizeof news) != 0;
    *told = news;
    return changed;
}

/* Whole seconds, up to 397 days: more would need a division of 64 bits, for which a small core links 700 bytes of library. */
static uint32_t seconds(uint64_t time_ms)
{
    uint64_t eighths = time_ms / 8;
    return (eighths > UINT32_MAX ? UINT32_MAX : (uint32_t)eighths) / 125;
}

void ud_report_image(const ud_agent_t *agent, uint8_t key, ud_writer_t *pairs)
{
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    ud_version_format(&agent->version, version);
    ud_pairs_put_text(pairs, key, version);
    ud_pairs_put_bytes(pairs, (uint8_t)(key + 1), agent->image_digest, UD_SHA256_SIZE);
}

/* State, update, progress and error; the sequence number of the last report if that said the same and was not
 * answered, else the next.
 */
static void put_state(ud_agent_t *agent, ud_writer_t *pairs)
{
    const ud_agent_news_t *news = &agent->sent;
    bool changed = renew(agent, &agent->sent);
    if (changed || !agent->sent_open) {
        reserve_sequence(agent);
    }
    agent->sent_open = true;
    ud_pairs_put_uint(pairs, UD_CHECKIN_STATE, news->state);
    if (news->update_id != 0) {
        ud_pairs_put_uint(pairs, UD_CHECKIN_UPDATE_ID, news->update_id);
    }
    if (agent->has_update) {
        ud_pairs_put_uint(pairs, UD_CHECKIN_PROGRESS, news->percent);
    }
    if (news->error != UD_OK) {
        ud_pairs_put_uint(pairs, UD_CHECKIN_ERROR, news->error);
    }
    ud_pairs_put_uint(pairs, UD_CHECKIN_EPOCH, agent->report.epoch);
    ud_pairs_put_uint(pairs, UD_CHECKIN_SEQUENCE, agent->sequence);
}

static void put_hooks(const ud_agent_hooks_t *hooks, ud_writer_t *pairs)
{
    uint8_t battery = hooks->battery != NULL ? hooks->battery(hooks->context) : UD_BATTERY_UNKNOWN;
    if (battery <= 100) {
        ud_pairs_put_uint(pairs, UD_CHECKIN_BATTERY, battery);
    }
    if (hooks->link != NULL) {
        ud_agent_link_t link = {0};
        hooks->link(hooks->context, &link);
        if (link.type <= LINK_TYPE_MAX) {
            ud_pairs_put_uint(pairs, UD_CHECKIN_LINK, link.type);
        }
        if (link.signal < 0 && link.signal >= SIGNAL_MIN) {
            ud_pairs_put_int(pairs, UD_CHECKIN_SIGNAL, link.signal);
        }
    }
}

static void put_slots(const ud_agent_t *agent, ud_writer_t *pairs)
{
    const ud_agent_config_t *config = agent->config;
    ud_writer_t inner;
    ud_pairs_put_uint(pairs, UD_CHECKIN_ACTIVE_SLOT, config->running == UD_AREA_SLOT_B);
    if (config->slots->runs_both) {
        ud_pairs_put_two(pairs, UD_CHECKIN_SLOT_ADDRESSES, config->slot_address);
    }
    ud_pairs_open(pairs, UD_CHECKIN_CAPABILITIES, &inner);
    ud_pairs_put_uint(&inner, UD_CAPABILITY_DELTA, DELTA_NONE);
    ud_pairs_put_uint(&inner, UD_CAPABILITY_CHUNK_SIZE_MAX, config->chunk_size_max);
    ud_pairs_put_uint(&inner, UD_CAPABILITY_INSTALL, config->slots->number);
    ud_pairs_put_uint(&inner, UD_CAPABILITY_SLOT_SIZE, ud_slot_image_size_max(config->slots, agent->port));
    ud_pairs_close(pairs, &inner);
}

void ud_report_progress(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_REPORT] = agent->config->report_interval_ms;
    agent->reported_percent = ud_agent_progress(agent);
}

void ud_report_encode(ud_agent_t *agent, ud_writer_t *pairs)
{
    ud_pairs_put_text(pairs, UD_CHECKIN_HARDWARE, agent->hardware);
    ud_report_image(agent, UD_CHECKIN_VERSION, pairs);
    put_state(agent, pairs);
    ud_slot_status_t status; /* a report's number may have told that the journal is worn */
    ud_slot_status(agent->journal, &status);
    ud_pairs_put_uint(pairs, UD_CHECKIN_SECURITY_COUNTER, agent->security_counter);
    ud_pairs_put_uint(pairs, UD_CHECKIN_BOOT_REASON, status.boot_reason);
    if (status.revert_reason != UD_OK) {
        ud_pairs_put_uint(pairs, UD_CHECKIN_REVERT_REASON, status.revert_reason);
    }
    put_hooks(&agent->config->hooks, pairs);
    put_slots(agent, pairs);
    ud_pairs_put_bool(pairs, UD_CHECKIN_JOURNAL_WORN, status.journal_worn);
    ud_pairs_put_two(pairs, UD_CHECKIN_FAILED_STARTS, (const uint32_t[]){status.attempts, status.abnormal_resets});
    if (status.revert_reason != UD_OK) {
        ud_pairs_put_bytes(pairs, UD_CHECKIN_REVERT_DIGEST, status.revert_digest, UD_SHA256_SIZE);
    }
    ud_pairs_put_uint(pairs, UD_CHECKIN_UPTIME, seconds(agent->now_ms - agent->started_ms));
    ud_report_progress(agent);
}

void ud_report_tell(ud_agent_t *agent)
{
    const ud_agent_hooks_t *hooks = &agent->config->hooks;
    const ud_agent_news_t *news = &agent->told;
    if (hooks->progress != NULL && renew(agent, &agent->told)) {
        hooks->progress(hooks->context, (ud_device_state_t)news->state, news->percent, (ud_err_t)news->error);
    }
}
