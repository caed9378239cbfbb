#include "agent/download.h"

#include "agent/exchange.h"
#include "agent/report.h"
#include "core/base/assert.h"
#include "core/base/endian.h"

#include <string.h>

/* Fields of the image header (docs/device.md, "Image format"). */
#define HEADER_LOAD_ADDRESS 4
#define HEADER_FLAGS 16

#define STATUS_UNAUTHORIZED 401
#define STATUS_TOO_MANY 429
#define STATUS_UNAVAILABLE 503

/* ---- where it stands ------------------------------------------------------------ */

/* Has the journal take note of how far the download is, if it has to start again. */
static ud_err_t keep_anchor(ud_agent_t *agent)
{
    ud_slot_download_t row = {.update_id = agent->update.update_id, .offset = agent->chain.offset};
    memcpy(row.expected, agent->chain.expected, UD_SHA256_SIZE);
    memcpy(row.artifact_tag, agent->update.chain_root, sizeof row.artifact_tag);
    return ud_slot_download_put(agent->journal, &row);
}

static ud_err_t start_chain(ud_agent_t *agent, uint32_t offset, const uint8_t expected[UD_SHA256_SIZE])
{
    return ud_chain_init(&agent->chain, agent->update.image_size, agent->update.chunk_size, offset, expected);
}

/* Goes on at the journal's row, if it is of these very records and of a place where writing can begin. */
static ud_err_t restart_at_anchor(ud_agent_t *agent, uint32_t unit)
{
    ud_slot_download_t row;
    UD_TRY(ud_slot_download_get(agent->journal, &row));
    UD_REQUIRE(memcmp(row.artifact_tag, agent->update.chain_root, sizeof row.artifact_tag) == 0 &&
                   row.offset % unit == 0,
               UD_ERR_NOT_FOUND);
    return start_chain(agent, row.offset, row.expected);
}

static uint32_t anchor_unit(const ud_agent_t *agent, ud_area_t area)
{
    return ud_spare_anchor_unit(agent->port, area, agent->update.chunk_size);
}

/* What lies in the spare slot already, by a rollback or an update that was taken back, is not downloaded. */
static bool is_there(ud_agent_t *agent, ud_area_t area)
{
    uint32_t base;
    if (ud_update_find(agent, &base) != UD_OK) {
        return false;
    }
    ud_spare_begin(&agent->spare, area, base, agent->update.image_size, 0);
    agent->chain = (ud_chain_t){
        .image_size = agent->update.image_size,
        .chunk_size = agent->update.chunk_size,
        .offset = agent->update.image_size,
    };
    return true;
}

/* Where the journal has it, or anew. */
static ud_err_t begin_at_anchor(ud_agent_t *agent, ud_area_t area)
{
    uint32_t base = ud_slot_staging_offset(agent->config->slots, agent->port);
    uint32_t unit = anchor_unit(agent, area);
    uint32_t suspect_size = unit;
    if (restart_at_anchor(agent, unit) != UD_OK) {
        suspect_size = 0;
        UD_TRY(start_chain(agent, 0, agent->update.chain_root));
        UD_TRY(keep_anchor(agent));
    }
    ud_spare_begin(&agent->spare, area, base, agent->chain.offset, suspect_size);
    return UD_OK;
}

ud_err_t ud_download_begin(ud_agent_t *agent)
{
    ud_area_t area = ud_slot_spare(agent->config->slots, agent->config->running);
    if (!is_there(agent, area)) {
        UD_TRY(begin_at_anchor(agent, area));
    }
    agent->chunk_size = 0;
    agent->span_records = 1;
    agent->span_left = 0;
    agent->download_failures = 0;
    agent->download_error = UD_OK;
    ud_report_progress(agent);
    return UD_OK;
}

void ud_download_forget(ud_agent_t *agent)
{
    agent->has_update = false;
    /* A row that stays is of no harm: it counts only for the same chain, and is then as true as before. */
    ud_agent_may_fail(ud_slot_download_clear(agent->journal));
}

/* ---- spans ------------------------------------------------------------ */

static uint32_t record_size(const ud_agent_t *agent)
{
    return UD_CHAIN_RECORD_SIZE((uint32_t)agent->update.chunk_size);
}

static uint32_t span_records_max(const ud_agent_t *agent)
{
    uint32_t records = ud_chain_record_count(agent->update.image_size, agent->update.chunk_size);
    uint32_t step = records * agent->config->report_step_percent / 100;
    return step > 0 ? step : 1;
}

void ud_download_request(ud_agent_t *agent, ud_request_t *request)
{
    uint32_t first = (uint32_t)ud_chain_record_offset(agent->chain.offset, agent->update.chunk_size);
    uint64_t size = (uint64_t)agent->span_records * record_size(agent);
    if (size > agent->update.artifact_size - first) {
        size = agent->update.artifact_size - first;
    }
    ud_chain_restart_record(&agent->chain);
    agent->span_left = (uint32_t)size;
    agent->timers.left_ms[UD_TIMER_SPAN] = agent->config->report_interval_ms;
    request->url = agent->update.url;
    request->first = first;
    request->last = (uint32_t)(first + size - 1);
    request->total = agent->update.artifact_size;
}

/* The span came: fit the next one to the link. */
static void adapt_span(ud_agent_t *agent)
{
    uint32_t left_ms = agent->timers.left_ms[UD_TIMER_SPAN];
    uint32_t max = span_records_max(agent);
    if (left_ms == 0 && agent->span_records > 1) {
        agent->span_records /= 2;
    } else if (left_ms > agent->config->report_interval_ms / 2 && agent->span_records < max) {
        agent->span_records = agent->span_records * 2 < max ? agent->span_records * 2 : max;
    }
}

bool ud_download_report_due(const ud_agent_t *agent)
{
    uint8_t percent = ud_agent_progress(agent);
    return percent >= agent->reported_percent + agent->config->report_step_percent ||
           agent->timers.left_ms[UD_TIMER_REPORT] == 0;
}

/* ---- receiving ------------------------------------------------------------ */

/* What the server sent is wrong: once more, until it is too often. A link that breaks or a server that is busy is no
 * reason to give up, however long it lasts.
 */
static ud_agent_event_t wrong(ud_agent_t *agent, ud_err_t err)
{
    ud_exchange_close(agent);
    agent->download_error = (uint16_t)err;
    agent->download_failures++;
    uint8_t retries = agent->update.retries != 0 ? agent->update.retries : agent->config->download_retries;
    return agent->download_failures > retries ? UD_EVENT_FATAL : UD_EVENT_FAILED;
}

static ud_agent_event_t judge_status(ud_agent_t *agent)
{
    switch (agent->answer.status) {
    case STATUS_UNAUTHORIZED:
        return wrong(agent, UD_ERR_DOWNLOAD_FAILED) == UD_EVENT_FATAL ? UD_EVENT_FATAL : UD_EVENT_DENIED;
    case STATUS_TOO_MANY:
    case STATUS_UNAVAILABLE:
        return UD_EVENT_FAILED;
    default:
        return wrong(agent, UD_ERR_DOWNLOAD_FAILED);
    }
}

/* The record in the buffer grew to `fill` bytes: is it whole, and true? */
static ud_agent_event_t judge_record(ud_agent_t *agent)
{
    uint32_t fill = agent->chain.fill;
    size_t eaten = 0;
    ud_span_t chunk;
    agent->chunk_offset = agent->chain.offset;
    if (ud_chain_feed(&agent->chain, agent->buffer, agent->buffer + fill, agent->fill - fill, &eaten, &chunk) !=
        UD_OK) {
        return wrong(agent, UD_ERR_CHUNK_DIGEST);
    }
    if (chunk.size == 0) {
        return UD_EVENT_NONE;
    }
    agent->chunk_size = (uint32_t)chunk.size;
    agent->download_failures = 0;
    agent->failures = 0;
    ud_exchange_expect(agent);
    return UD_EVENT_MORE;
}

ud_agent_event_t ud_download_receive(ud_agent_t *agent)
{
    size_t before = agent->fill;
    size_t want = agent->chain.fill + ud_chain_wants(&agent->chain);
    ud_err_t err = ud_exchange_poll(agent, want);
    if (err == UD_ERR_WOULD_BLOCK) {
        return UD_EVENT_NONE;
    }
    if (err != UD_OK) {
        return err == UD_ERR_NETWORK ? UD_EVENT_FAILED : wrong(agent, UD_ERR_DOWNLOAD_FAILED);
    }
    if (agent->answer.complete && agent->answer.status >= 300) {
        return judge_status(agent);
    }
    size_t came = agent->fill - before;
    if (came > agent->span_left) {
        return wrong(agent, UD_ERR_DOWNLOAD_FAILED);
    }
    agent->span_left -= (uint32_t)came;
    if (agent->answer.complete) {
        if (agent->span_left > 0) {
            return wrong(agent, UD_ERR_DOWNLOAD_FAILED);
        }
        adapt_span(agent);
    }
    return came > 0 ? judge_record(agent) : UD_EVENT_NONE;
}

/* ---- writing ------------------------------------------------------------ */

/* The chunk is in flash. At an anchor the journal takes note; a journal that cannot will not take an install either. */
static ud_agent_event_t chunk_done(ud_agent_t *agent)
{
    uint32_t unit = anchor_unit(agent, (ud_area_t)agent->spare.area);
    agent->fill = 0;
    if (!ud_chain_is_done(&agent->chain) && agent->chain.offset % unit == 0) {
        if (keep_anchor(agent) != UD_OK) {
            agent->download_error = UD_ERR_JOURNAL_WORN;
            return UD_EVENT_FATAL;
        }
    }
    return UD_EVENT_MORE;
}

/* The first chunk begins with the image's header: a build for another address is found out before anything is erased. */
static ud_err_t judge_chunk(const ud_agent_t *agent, const uint8_t *chunk)
{
    const ud_agent_config_t *config = agent->config;
    if (agent->chunk_offset != 0 || agent->chunk_size < UD_IMAGE_HEADER_SIZE) {
        return UD_OK;
    }
    return ud_slot_takes(config->slots, config->slot_address, (ud_area_t)agent->spare.area,
                         (ud_get_u32le(chunk + HEADER_FLAGS) & UD_IMAGE_FLAG_ROM_FIXED) != 0,
                         ud_get_u32le(chunk + HEADER_LOAD_ADDRESS))
               ? UD_OK
               : UD_ERR_WRONG_SLOT;
}

ud_agent_event_t ud_download_write(ud_agent_t *agent)
{
    ud_spare_progress_t progress = UD_SPARE_MORE;
    ud_err_t err = judge_chunk(agent, agent->buffer + UD_SHA256_SIZE);
    err = err != UD_OK ? err
                       : ud_spare_step(&agent->spare, agent->port, agent->chunk_offset, agent->buffer + UD_SHA256_SIZE,
                                       agent->chunk_size, &progress);
    if (err != UD_OK) {
        ud_exchange_close(agent);
        agent->download_error = (uint16_t)err;
        return UD_EVENT_FATAL;
    }
    switch (progress) {
    case UD_SPARE_MORE:
        return UD_EVENT_NONE;
    case UD_SPARE_DONE:
        return chunk_done(agent);
    case UD_SPARE_AGAIN:
        ud_exchange_close(agent);
        agent->fill = 0;
        if (restart_at_anchor(agent, anchor_unit(agent, (ud_area_t)agent->spare.area)) != UD_OK) {
            agent->download_error = UD_ERR_INTERNAL;
            return UD_EVENT_FATAL;
        }
        return UD_EVENT_MORE;
    }
    return UD_EVENT_NONE;
}
