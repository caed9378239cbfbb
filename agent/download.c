#include "agent/download.h"

#include "agent/exchange.h"
#include "agent/report.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/endian.h"

#include <string.h>

/* Fields of the image header (docs/device.md, "Image format"). */
#define HEADER_LOAD_ADDRESS 4
#define HEADER_FLAGS 16

#define STATUS_UNAUTHORIZED 401
#define STATUS_TOO_MANY 429
#define STATUS_UNAVAILABLE 503

/* ---- where it stands ------------------------------------------------------------ */

/* At its multiples the journal takes note, and writing can begin again. */
static uint32_t anchor_unit(const ud_agent_t *agent)
{
    return ud_spare_anchor_unit(agent->port, ud_update_area(agent), agent->chain.chunk_size);
}

/* Has the journal take note of how far the download is, if it has to start again. */
static ud_err_t keep_anchor(ud_agent_t *agent)
{
    ud_slot_download_t row = {.update_id = agent->update.update_id, .offset = agent->chain.offset};
    ud_bytes_copy(row.expected, agent->chain.expected, UD_SHA256_SIZE);
    memcpy(row.artifact_tag, agent->update.artifact_tag, sizeof row.artifact_tag);
    return ud_slot_download_put(agent->journal, &row);
}

/* Goes back to the journal's row, if it is of these very records. */
static ud_err_t restart_at_anchor(ud_agent_t *agent)
{
    ud_chain_t *chain = &agent->chain;
    ud_slot_download_t row;
    UD_TRY(ud_slot_download_get(agent->journal, &row));
    UD_REQUIRE(memcmp(row.artifact_tag, agent->update.artifact_tag, sizeof row.artifact_tag) == 0 &&
                   row.offset % anchor_unit(agent) == 0,
               UD_ERR_NOT_FOUND);
    return ud_chain_init(chain, chain->image_size, chain->chunk_size, row.offset, row.expected);
}

/* What lies in the spare slot already, by a rollback or an update that was taken back, is not downloaded; the rest is from
 * where the journal has it, or anew.
 */
ud_err_t ud_download_begin(ud_agent_t *agent)
{
    ud_chain_t *chain = &agent->chain;
    uint32_t suspect_size = 0;
    uint32_t base;
    if (ud_update_find(agent, &base)) {
        chain->offset = chain->image_size;
    } else if (restart_at_anchor(agent) == UD_OK) {
        suspect_size = anchor_unit(agent);
    } else {
        UD_TRY(keep_anchor(agent));
    }
    ud_spare_begin(&agent->spare, ud_update_area(agent), base, chain->offset, suspect_size);
    agent->span_records = 1;
    agent->download_failures = 0;
    ud_report_progress(agent);
    return UD_OK;
}

/* ---- spans ------------------------------------------------------------ */

static uint32_t smaller(uint32_t left, uint32_t right)
{
    return left < right ? left : right;
}

/* Bytes of the artifact in front of that offset of the image: the offer's sizes are of 32 bits. */
static uint32_t artifact_size(const ud_agent_t *agent, uint32_t offset)
{
    return (uint32_t)ud_chain_artifact_size(offset, agent->chain.chunk_size);
}

void ud_download_request(ud_agent_t *agent, ud_request_t *request)
{
    ud_chain_t *chain = &agent->chain;
    uint32_t size = smaller(agent->span_records * chain->chunk_size, chain->image_size - chain->offset);
    ud_chain_restart_record(chain);
    agent->timers.left_ms[UD_TIMER_SPAN] = agent->config->report_interval_ms;
    request->url = agent->update.url;
    request->first = artifact_size(agent, chain->offset);
    request->last = artifact_size(agent, chain->offset + size) - 1;
    request->total = artifact_size(agent, chain->image_size);
    agent->span_left = request->last + 1 - request->first;
}

/* The span came: fit the next one to the link. */
static void adapt_span(ud_agent_t *agent)
{
    uint32_t left_ms = agent->timers.left_ms[UD_TIMER_SPAN];
    uint32_t records = ud_chain_record_count(agent->chain.image_size, agent->chain.chunk_size);
    uint32_t span = agent->span_records;
    if (left_ms == 0) {
        span /= 2;
    } else if (left_ms > agent->config->report_interval_ms / 2) {
        span = smaller(span * 2, records * agent->config->report_step_percent / 100);
    }
    agent->span_records = span > 0 ? span : 1;
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
    agent->download_error = err;
    agent->download_failures++;
    uint8_t retries = agent->update.retries != 0 ? agent->update.retries : agent->config->download_retries;
    return agent->download_failures > retries ? UD_EVENT_FATAL : UD_EVENT_FAILED;
}

static ud_agent_event_t judge_status(ud_agent_t *agent)
{
    uint16_t status = agent->answer.status;
    if (status == STATUS_TOO_MANY || status == STATUS_UNAVAILABLE) {
        return UD_EVENT_FAILED;
    }
    ud_agent_event_t event = wrong(agent, UD_ERR_DOWNLOAD_FAILED);
    return event == UD_EVENT_FAILED && status == STATUS_UNAUTHORIZED ? UD_EVENT_DENIED : event;
}

/* The record in the buffer grew: is it whole, and true? */
static ud_agent_event_t judge_record(ud_agent_t *agent)
{
    uint32_t fill = agent->chain.fill;
    size_t eaten;
    ud_span_t chunk;
    if (ud_chain_feed(&agent->chain, agent->buffer, agent->buffer + fill, agent->fill - fill, &eaten, &chunk) !=
        UD_OK) {
        return wrong(agent, UD_ERR_CHUNK_DIGEST);
    }
    if (chunk.size == 0) {
        return UD_EVENT_NONE;
    }
    agent->chunk_size = (uint16_t)chunk.size;
    agent->download_failures = 0;
    agent->failures = 0;
    ud_exchange_expect(agent);
    return UD_EVENT_MORE;
}

ud_agent_event_t ud_download_receive(ud_agent_t *agent)
{
    size_t before = agent->fill;
    ud_err_t err = ud_exchange_poll(agent, agent->chain.fill + ud_chain_wants(&agent->chain));
    size_t came = agent->fill - before;
    bool complete = agent->answer.complete;
    if (err == UD_ERR_WOULD_BLOCK) {
        return UD_EVENT_NONE;
    }
    if (err == UD_ERR_NETWORK) {
        return UD_EVENT_FAILED;
    }
    if (err == UD_OK && complete && agent->answer.status >= 300) {
        return judge_status(agent);
    }
    if (err != UD_OK || came > agent->span_left || (complete && came != agent->span_left)) {
        return wrong(agent, UD_ERR_DOWNLOAD_FAILED);
    }
    agent->span_left -= (uint32_t)came;
    if (complete) {
        adapt_span(agent);
    }
    return came > 0 ? judge_record(agent) : UD_EVENT_NONE;
}

/* ---- writing ------------------------------------------------------------ */

/* The first chunk begins with the image's header: a build for another address is found out before anything is erased. */
static bool is_for_area(const ud_agent_t *agent, const uint8_t *chunk)
{
    const ud_agent_config_t *config = agent->config;
    return ud_slot_takes(config->slots, config->slot_address, (ud_area_t)agent->spare.area,
                         (ud_get_u32le(chunk + HEADER_FLAGS) & UD_IMAGE_FLAG_ROM_FIXED) != 0,
                         ud_get_u32le(chunk + HEADER_LOAD_ADDRESS));
}

/* A step of writing the chunk at hand. At an anchor the journal takes note; a journal that cannot will not take an install
 * either.
 */
static ud_err_t write_chunk(ud_agent_t *agent, ud_spare_progress_t *progress)
{
    const uint8_t *chunk = agent->buffer + UD_SHA256_SIZE;
    uint32_t end = agent->chain.offset;
    uint32_t offset = end - agent->chunk_size;
    UD_REQUIRE(offset != 0 || is_for_area(agent, chunk), UD_ERR_WRONG_SLOT);
    UD_TRY(ud_spare_step(&agent->spare, agent->port, offset, chunk, agent->chunk_size, progress));
    if (*progress == UD_SPARE_MORE) {
        return UD_OK;
    }
    agent->fill = 0;
    if (*progress == UD_SPARE_AGAIN) {
        ud_exchange_close(agent);
        return restart_at_anchor(agent);
    }
    return end != agent->chain.image_size && end % anchor_unit(agent) == 0 ? keep_anchor(agent) : UD_OK;
}

ud_agent_event_t ud_download_write(ud_agent_t *agent)
{
    ud_spare_progress_t progress;
    ud_err_t err = write_chunk(agent, &progress);
    if (err != UD_OK) {
        agent->download_error = err;
        return UD_EVENT_FATAL;
    }
    return progress == UD_SPARE_MORE ? UD_EVENT_NONE : UD_EVENT_MORE;
}
