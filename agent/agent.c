#include "include/updraft/agent.h"

#include "agent/answer.h"
#include "agent/backoff.h"
#include "agent/budget.h"
#include "agent/download.h"
#include "agent/exchange.h"
#include "agent/machine.h"
#include "agent/report.h"
#include "agent/trial.h"
#include "core/base/assert.h"
#include "core/base/bytes.h"
#include "core/base/endian.h"

#include <string.h>

#define MS_PER_S 1000

/* ---- waiting ------------------------------------------------------------ */

/* True if that time has come; else the next step comes no later than then. */
static bool has_come(ud_agent_t *agent, ud_timer_t timer)
{
    return ud_timers_wait(&agent->timers, agent->timers.left_ms[timer]);
}

/* DUE when the next check-in is, and neither backoff nor budget forbids it. */
static ud_agent_event_t check_in_due(ud_agent_t *agent)
{
    bool due = has_come(agent, UD_TIMER_CHECKIN) && has_come(agent, UD_TIMER_RETRY) &&
               ud_budget_take(&agent->timers, UD_TIMER_CHECKINS);
    return due ? UD_EVENT_DUE : UD_EVENT_NONE;
}

/* Why the update may not go on now, to the download or to the reset that installs it, or UD_OK. */
static ud_err_t obstacle(const ud_agent_t *agent)
{
    const ud_agent_hooks_t *hooks = &agent->config->hooks;
    const uint32_t *left_ms = agent->timers.left_ms;
    if (left_ms[UD_TIMER_OPENS] > 0 || (agent->update.closes && left_ms[UD_TIMER_CLOSES] == 0)) {
        return UD_ERR_WAITING_WINDOW;
    }
    if (hooks->battery != NULL && hooks->battery(hooks->context) < agent->config->battery_min) {
        return UD_ERR_WAITING_BATTERY;
    }
    ud_agent_question_t question = {
        .update_id = agent->update.update_id,
        .version = agent->update.version,
        .download_size = agent->chain.image_size - agent->chain.offset,
        .consent = agent->update.consent,
        .forced = agent->update.forced,
    };
    bool (*allows)(void *, const ud_agent_question_t *) =
        agent->state == UD_AGENT_STAGED ? hooks->may_reboot : hooks->may_download;
    bool allowed = allows == NULL || allows(hooks->context, &question) || question.forced;
    return allowed ? UD_OK : UD_ERR_WAITING_APPLICATION;
}

/* ---- the work of each state: what happened? ------------------------------------------------------------ */

static ud_agent_event_t work_unregistered(ud_agent_t *agent)
{
    if (!has_come(agent, UD_TIMER_RETRY)) {
        return UD_EVENT_NONE;
    }
    /* A copy without a second one may be torn and read whole this once: the server hears only of what was written twice. */
    bool alone = agent->identity.worn && agent->save.done == 0;
    return agent->identity.generation == 0 || alone ? UD_EVENT_BLANK : UD_EVENT_DUE;
}

static ud_agent_event_t work_exchange(ud_agent_t *agent)
{
    ud_err_t err = ud_exchange_poll(agent, ud_exchange_room(agent));
    if (err == UD_OK && agent->answer.complete) {
        return ud_answer_judge(agent);
    }
    if (err == UD_OK || err == UD_ERR_WOULD_BLOCK) {
        return UD_EVENT_NONE;
    }
    return agent->identity.generation == 0 ? UD_EVENT_UNKNOWN : UD_EVENT_FAILED;
}

static ud_agent_event_t work_saving(ud_agent_t *agent)
{
    if (agent->save.pieces == 0) {
        return UD_EVENT_FAILED;
    }
    ud_err_t err = ud_identity_save_step(&agent->identity, agent->port, agent->buffer, &agent->save);
    if (err == UD_ERR_WOULD_BLOCK) {
        agent->timers.wait_ms = 0;
        return UD_EVENT_NONE;
    }
    if (err != UD_OK) {
        return UD_EVENT_FAILED;
    }
    return agent->identity.token_size > 0 ? UD_EVENT_DONE : UD_EVENT_MORE;
}

/* `good`, if nothing went wrong: what did ends the update. */
static ud_agent_event_t unless(ud_agent_t *agent, ud_err_t err, ud_agent_event_t good)
{
    if (err == UD_OK) {
        return good;
    }
    agent->download_error = err;
    return UD_EVENT_FATAL;
}

/* Begins the download, or goes on with it. */
static ud_err_t begin(ud_agent_t *agent)
{
    return agent->span_records != 0 ? UD_OK : ud_download_begin(agent);
}

/* Asks boot to install at the next start; from here on any reset does. */
static ud_err_t stage(ud_agent_t *agent)
{
    if (agent->staged) {
        return UD_OK;
    }
    UD_TRY(ud_report_keep(agent));
    bool before = agent->spare.base != ud_slot_staging_offset(agent->config->slots, agent->port);
    UD_TRY(before ? ud_slot_stage_before(agent->journal, agent->update.image_digest)
                  : ud_slot_stage(agent->journal, agent->update.image_digest));
    agent->staged = true;
    return UD_OK;
}

/* For the download, or, with the complete image, for the reset; that takes an answer of the server that is fresh, too. */
static ud_agent_event_t work_waiting(ud_agent_t *agent)
{
    uint32_t *left_ms = agent->timers.left_ms;
    bool complete = agent->state == UD_AGENT_STAGED;
    if (complete && left_ms[UD_TIMER_FRESH] == 0) {
        left_ms[UD_TIMER_CHECKIN] = 0;
    } else if (has_come(agent, UD_TIMER_ASK) && !(complete && agent->update.download_only)) {
        ud_err_t reason = obstacle(agent);
        if (reason == UD_OK) {
            return unless(agent, complete ? stage(agent) : begin(agent), UD_EVENT_DONE);
        }
        if (!complete && reason != agent->wait_reason) {
            agent->wait_reason = reason;
            left_ms[UD_TIMER_CHECKIN] = 0;
        }
        left_ms[UD_TIMER_ASK] = UD_AGENT_ASK_INTERVAL_MS;
        (void)has_come(agent, UD_TIMER_ASK);
    }
    return check_in_due(agent);
}

static ud_agent_event_t work_downloading(ud_agent_t *agent)
{
    if (ud_chain_is_done(&agent->chain)) {
        return UD_EVENT_DONE;
    }
    if (!agent->busy) {
        if (!has_come(agent, UD_TIMER_RETRY)) {
            return UD_EVENT_NONE;
        }
        if (ud_download_report_due(agent)) {
            return UD_EVENT_DUE;
        }
        if (obstacle(agent) != UD_OK) {
            return UD_EVENT_HOLD;
        }
        ud_exchange_begin(agent, UD_REQUEST_ARTIFACT);
    }
    return ud_download_receive(agent);
}

static ud_agent_event_t work_verifying(ud_agent_t *agent)
{
    agent->timers.wait_ms = 0;
    agent->timers.left_ms[UD_TIMER_FRESH] = 0; /* a check-in that says so is answered before the reset */
    agent->timers.left_ms[UD_TIMER_ASK] = 0;
    ud_err_t err = ud_spare_finish(&agent->spare, agent->port, agent->chain.image_size);
    if (err == UD_ERR_WOULD_BLOCK) {
        return UD_EVENT_NONE;
    }
    err = err == UD_OK ? ud_update_verify(agent, agent->spare.base) : err;
    if (err == UD_OK && !agent->update.download_only) {
        err = stage(agent);
    }
    return unless(agent, err, UD_EVENT_DONE);
}

static ud_agent_event_t work(ud_agent_t *agent)
{
    switch ((ud_agent_state_t)agent->state) {
    case UD_AGENT_UNREGISTERED:
        return work_unregistered(agent);
    case UD_AGENT_REGISTERING:
    case UD_AGENT_CHECKING:
    case UD_AGENT_RENEWING:
        return work_exchange(agent);
    case UD_AGENT_SAVING:
        return work_saving(agent);
    case UD_AGENT_WAITING:
    case UD_AGENT_STAGED:
        return work_waiting(agent);
    case UD_AGENT_DOWNLOADING:
        return work_downloading(agent);
    case UD_AGENT_WRITING:
        agent->timers.wait_ms = 0;
        return ud_download_write(agent);
    case UD_AGENT_VERIFYING:
        return work_verifying(agent);
    case UD_AGENT_PENDING:
    case UD_AGENT_IDLE:
    case UD_AGENT_TRIAL:
    case UD_AGENT_RETIRED:
    case UD_AGENT_STATE_COUNT:
        break;
    }
    return check_in_due(agent);
}

/* ---- actions ------------------------------------------------------------ */

uint32_t ud_agent_draw(const ud_agent_t *agent)
{
    uint32_t chance;
    if (ud_port_random(agent->port, &chance, sizeof chance) != UD_OK) {
        chance = ud_get_u32le(agent->image_digest) + (uint32_t)agent->now_ms * UINT32_C(2654435761);
    }
    return chance;
}

/* Nothing is sent for a while, as long as it is apt after so many failures. */
static void hold_back(ud_agent_t *agent, uint8_t failures)
{
    const ud_agent_config_t *config = agent->config;
    agent->timers.left_ms[UD_TIMER_RETRY] = ud_backoff_ms(config->retry_base_ms, config->retry_max_ms, failures,
                                                          agent->answer.retry_after_s, ud_agent_draw(agent));
}

static void count_failure(ud_agent_t *agent)
{
    agent->failures = (uint8_t)(agent->failures + (agent->failures < UINT8_MAX));
}

static void back_off(ud_agent_t *agent)
{
    ud_exchange_close(agent);
    count_failure(agent);
    hold_back(agent, agent->failures);
}

/* A check-in is due, and nothing forbids it. */
static void hurry(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_CHECKIN] = 0;
    agent->timers.left_ms[UD_TIMER_RETRY] = 0;
}

/* Begins to write the identity, if it was not written too often; what goes wrong shows in the work of the state. */
static void save(ud_agent_t *agent)
{
    const ud_register_answer_t *answer = ud_exchange_scratch(agent);
    const char *token = agent->state == UD_AGENT_UNREGISTERED ? "" : answer->token;
    ud_exchange_close(agent);
    agent->save = (ud_identity_save_t){0};
    if (ud_budget_take(&agent->timers, UD_TIMER_SAVES)) {
        ud_agent_may_fail(ud_identity_save_begin(&agent->identity, agent->port, token, agent->buffer, &agent->save));
    }
}

/* A server that takes no token it gave must not make the device ask in a tight loop. */
static void renew(ud_agent_t *agent)
{
    count_failure(agent);
    ud_exchange_begin(agent, UD_REQUEST_TOKEN);
}

static void begin_again(ud_agent_t *agent)
{
    hurry(agent);
    if (agent->failures > 1) {
        back_off(agent);
    }
}

/* In a download only a new record shows that all is well again (agent/download.c). */
static void settle(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_RETRY] = 0;
    if (agent->home != UD_AGENT_DOWNLOADING) {
        agent->failures = 0;
        ud_exchange_close(agent);
    }
}

/* Whoever is asked is asked at once, and what kept the update waiting before is told again. */
static void ask_anew(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_ASK] = 0;
    agent->wait_reason = UD_OK;
}

/* There is no update any more: takes back what boot was asked for. What cannot be taken back is reported by boot: it verifies
 * for itself. A trial goes on.
 */
static void withdraw(ud_agent_t *agent)
{
    agent->has_update = false;
    if (agent->staged) {
        ud_agent_may_fail(ud_slot_unstage(agent->journal));
        agent->staged = false;
    }
    if (!agent->on_trial) {
        ud_report_drop(agent);
        agent->home = UD_AGENT_IDLE;
    }
}

static void drop_update(ud_agent_t *agent)
{
    withdraw(agent);
    /* A row that stays is of no harm: it counts only for the same chain, and is then as true as before. */
    ud_agent_may_fail(ud_slot_download_clear(agent->journal));
    ud_exchange_close(agent);
}

static void give_up(ud_agent_t *agent)
{
    if (!agent->result_pending) {
        ud_report_result(agent, agent->update.update_id, UD_DEVICE_FAILED, agent->download_error);
    }
    hurry(agent);
    drop_update(agent);
}

/* What the spare slot holds stays, and the journal's row of how far it is good: the same image may be offered under another
 * id.
 */
static void forget(ud_agent_t *agent)
{
    ud_report_forget(agent);
    if (agent->update.update_id == agent->sent.update_id) {
        withdraw(agent);
    }
    agent->timers.left_ms[UD_TIMER_CHECKIN] = 0;
    back_off(agent);
}

static void accept(ud_agent_t *agent)
{
    withdraw(agent);
    agent->has_update = true;
    ask_anew(agent);
}

static void confirm(ud_agent_t *agent)
{
    ud_trial_confirm(agent);
    agent->home = UD_AGENT_IDLE;
    agent->timers.left_ms[UD_TIMER_CHECKIN] = 0;
}

static void retire(ud_agent_t *agent)
{
    agent->timers.left_ms[UD_TIMER_CHECKIN] = UD_AGENT_RETIRED_INTERVAL_S * MS_PER_S;
    drop_update(agent);
}

static void act(ud_agent_t *agent, ud_agent_action_t action)
{
    switch (action) {
    case UD_ACT_REGISTER:
        ud_exchange_begin(agent, UD_REQUEST_REGISTER);
        break;
    case UD_ACT_CHECK_IN:
        ud_exchange_begin(agent, UD_REQUEST_CHECKIN);
        break;
    case UD_ACT_RENEW:
        renew(agent);
        break;
    case UD_ACT_SAVE:
        save(agent);
        break;
    case UD_ACT_BACK_OFF:
        back_off(agent);
        break;
    case UD_ACT_AGAIN:
        begin_again(agent);
        break;
    case UD_ACT_HOLD:
        ud_exchange_close(agent);
        ask_anew(agent);
        break;
    case UD_ACT_ACCEPT:
        accept(agent);
        /* fall through */
    case UD_ACT_SETTLE:
        settle(agent);
        break;
    case UD_ACT_GIVE_UP:
        give_up(agent);
        break;
    case UD_ACT_FORGET:
        forget(agent);
        break;
    case UD_ACT_CONFIRM:
        confirm(agent);
        break;
    case UD_ACT_RETIRE:
        retire(agent);
        break;
    case UD_ACT_REJECT:
        ud_trial_reject(agent);
        /* fall through */
    case UD_ACT_REBOOT: /* the last: nothing stands behind a call that does not return */
        ud_report_tell(agent);
        ud_exchange_close(agent);
        ud_port_reset(agent->port);
    case UD_ACT_NONE:
    case UD_ACT_COUNT:
        break;
    }
}

/* ---- the engine ------------------------------------------------------------ */

static bool is_home(uint8_t state)
{
    return state >= UD_AGENT_IDLE;
}

void ud_agent_step(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    ud_timers_pass(&agent->timers, now_ms > agent->now_ms ? now_ms - agent->now_ms : 0);
    agent->now_ms = now_ms;
    ud_agent_event_t event = ud_trial_watch(agent);
    if (ud_agent_rule((ud_agent_state_t)agent->state, event) == NULL) {
        event = work(agent);
    }
    if (event != UD_EVENT_NONE) {
        const ud_agent_rule_t *rule = ud_agent_rule((ud_agent_state_t)agent->state, event);
        UD_ASSERT(rule != NULL);
        act(agent, (ud_agent_action_t)rule->action);
        agent->state = rule->next == UD_AGENT_HOME ? agent->home : rule->next;
        agent->home = is_home(agent->state) ? agent->state : agent->home;
        agent->timers.wait_ms = 0;
    }
    *wake_ms = now_ms + agent->timers.wait_ms;
    ud_report_tell(agent);
}

void ud_agent_wake(ud_agent_t *agent)
{
    hurry(agent);
    agent->timers.left_ms[UD_TIMER_ASK] = 0;
}

bool ud_agent_is_resting(const ud_agent_t *agent)
{
    return !agent->busy && agent->state != UD_AGENT_SAVING && agent->state != UD_AGENT_WRITING;
}

/* ---- start ------------------------------------------------------------ */

/* What runs, by the image's own words. */
static ud_err_t read_running(ud_agent_t *agent, ud_image_info_t *info)
{
    UD_TRY(ud_update_running(agent->port, agent->config->running, info));
    const char *hardware = agent->config->hardware != NULL ? agent->config->hardware : info->hardware;
    size_t size = strlen(hardware);
    UD_REQUIRE(size > 0 && size <= UD_HARDWARE_SIZE_MAX, UD_ERR_INVALID_ARGUMENT);
    memcpy(agent->hardware, hardware, size);
    ud_bytes_copy(agent->image_digest, info->hash, UD_SHA256_SIZE);
    agent->version = info->version;
    return UD_OK;
}

ud_err_t ud_agent_init(ud_agent_t *agent, ud_port_t *port, const ud_agent_config_t *config, ud_journal_t *journal,
                       uint8_t *buffer, size_t buffer_size, uint64_t now_ms)
{
    UD_TRY(ud_agent_config_check(config));
    UD_REQUIRE((uintptr_t)buffer % sizeof(uint64_t) == 0, UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(buffer_size >= UD_AGENT_BUFFER_SIZE((size_t)config->chunk_size_max), UD_ERR_BUFFER_TOO_SMALL);
    UD_TRY(ud_slot_check_geometry(config->slots, port));
    *agent = (ud_agent_t){
        .port = port,
        .config = config,
        .journal = journal,
        .buffer = buffer,
        .buffer_size = buffer_size,
        .trust = {.keys = config->keys, .count = config->key_count},
        .started_ms = now_ms,
        .now_ms = now_ms,
    };
    ud_image_info_t info;
    UD_TRY(read_running(agent, &info));
    ud_agent_may_fail(ud_slot_open(journal, port)); /* a worn one can be read, and says so in each report */

    ud_slot_status_t status;
    ud_slot_status(journal, &status);
    if (status.install_pending) {
        /* boot leaves nothing pending unless the journal takes no rows: try it, so that the next report says so */
        ud_agent_may_fail(ud_journal_append(journal, UD_ROW_SLOT, ud_journal_get(journal, UD_ROW_SLOT)));
    }
    uint32_t counter =
        info.security_counter > status.security_counter ? info.security_counter : status.security_counter;
    uint32_t counter_of_port = ud_port_security_counter(port);
    agent->security_counter = counter > counter_of_port ? counter : counter_of_port;
    agent->home = UD_AGENT_IDLE;
    if (status.state == UD_SLOT_TRIAL) {
        agent->on_trial = true;
        agent->home = UD_AGENT_TRIAL;
    }
    ud_update_trust(agent, &info);
    ud_report_open(agent, &status);

    if (ud_identity_open(&agent->identity, port) == UD_OK && agent->identity.token_size > 0) {
        agent->state = agent->home;
    }
    /* A site whose power came back does not check in as one. */
    hold_back(agent, 1);
    agent->timers.left_ms[UD_TIMER_CONTACT] = ud_timer_ms(config->contact_timeout_s, MS_PER_S);
    return UD_OK;
}
