#include "agent/answer.h"

#include "agent/budget.h"
#include "agent/exchange.h"
#include "agent/report.h"
#include "core/proto/message_table.h"

/* What statuses of errors mean; all others: try again later. */
static const uint8_t events[] = {
#define STATUS_FIRST 401
    [401 - STATUS_FIRST] = UD_EVENT_DENIED,
    [404 - STATUS_FIRST] = UD_EVENT_UNKNOWN,
    [409 - STATUS_FIRST] = UD_EVENT_ORPHANED,
    [410 - STATUS_FIRST] = UD_EVENT_RETIRED,
};

static ud_agent_event_t judge_status(uint16_t status)
{
    uint32_t index = (uint32_t)status - STATUS_FIRST;
    uint8_t event = index < sizeof events ? events[index] : UD_EVENT_NONE;
    return event != UD_EVENT_NONE ? (ud_agent_event_t)event : UD_EVENT_FAILED;
}

/* A server that names no time, or no time at all, is asked again in the usual interval, not at once. */
static void schedule(ud_agent_t *agent, uint32_t next_s)
{
    agent->timers.left_ms[UD_TIMER_CHECKIN] =
        ud_timer_sleep_ms(next_s > 0 ? next_s : agent->config->checkin_interval_s);
}

static ud_agent_event_t take_token(const ud_register_answer_t *answer)
{
    if (answer->status != UD_STATUS_ACTIVE) {
        return UD_EVENT_PENDING;
    }
    return (answer->present & UD_FIELD(UD_REGISTER_ANSWER_TOKEN)) != 0 ? UD_EVENT_DONE : UD_EVENT_FAILED;
}

/* An order to install. The answer to the report of a failure may not begin the same update again, or the two would
 * chase each other: the next check-in may. On trial the server repeats what is being tried. An offer beyond the budget is
 * left for a later check-in.
 */
static ud_agent_event_t take_offer(ud_agent_t *agent, const ud_offer_t *offer, bool was_result)
{
    if (agent->on_trial || (was_result && offer->update_id == agent->sent.update_id)) {
        return UD_EVENT_DONE;
    }
    if (agent->has_update && ud_update_is_same(agent, offer)) {
        ud_update_refresh(agent, offer);
        return UD_EVENT_DONE;
    }
    ud_version_t version;
    ud_err_t err = ud_update_judge(agent, offer, &version);
    if (err != UD_OK) {
        ud_report_result(agent, offer->update_id, UD_DEVICE_REFUSED, err);
        return UD_EVENT_FATAL;
    }
    if (!ud_budget_take(&agent->timers, UD_TIMER_OFFERS)) {
        return UD_EVENT_DONE;
    }
    ud_update_take(agent, offer, &version);
    return UD_EVENT_INSTALL;
}

static ud_agent_event_t take_cancel(ud_agent_t *agent, const ud_offer_t *offer)
{
    bool meant = (offer->present & UD_FIELD(UD_OFFER_UPDATE_ID)) == 0 || offer->update_id == agent->update.update_id;
    if (!agent->has_update || !meant) {
        return UD_EVENT_DONE;
    }
    ud_report_result(agent, agent->update.update_id, UD_DEVICE_CANCELLED, UD_ERR_CANCELLED);
    return UD_EVENT_FATAL;
}

static ud_agent_event_t take_order(ud_agent_t *agent, const ud_offer_t *offer)
{
    bool was_result = agent->result_pending;
    ud_report_acknowledged(agent);
    ud_agent_may_fail(ud_slot_contact(agent->journal)); /* the count of crashes goes on */
    agent->timers.left_ms[UD_TIMER_FRESH] = UD_AGENT_OFFER_FRESH_MS;

    switch ((ud_action_t)offer->action) {
    case UD_ACTION_INSTALL:
    case UD_ACTION_ROLLBACK:
        return take_offer(agent, offer, was_result);
    case UD_ACTION_CANCEL:
        return take_cancel(agent, offer);
    case UD_ACTION_REGISTER:
        return UD_EVENT_UNKNOWN;
    case UD_ACTION_DECOMMISSION:
        return UD_EVENT_RETIRED;
    case UD_ACTION_NONE:
        return UD_EVENT_DONE;
    }
    return UD_EVENT_DONE;
}

ud_agent_event_t ud_answer_judge(ud_agent_t *agent)
{
    union {
        ud_offer_t offer;
        ud_register_answer_t registered;
    } *answer = ud_exchange_scratch(agent);
    bool ordered = agent->request == UD_REQUEST_CHECKIN;
    if (agent->answer.status < 200 || agent->answer.status >= 300) {
        return judge_status(agent->answer.status);
    }
    if (ud_message_read(ordered ? &ud_offer_table : &ud_register_answer_table, ud_span(agent->buffer, agent->fill),
                        answer) != UD_OK) {
        return UD_EVENT_FAILED;
    }
    schedule(agent, ordered ? answer->offer.next_s : answer->registered.next_s);
    return ordered ? take_order(agent, &answer->offer) : take_token(&answer->registered);
}
