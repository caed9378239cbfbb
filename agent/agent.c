#include "include/updraft/agent.h"

#include "agent/answer.h"
#include "agent/backoff.h"
#include "agent/download.h"
#include "agent/exchange.h"
#include "agent/machine.h"
#include "agent/report.h"
#include "agent/trial.h"
#include "core/base/assert.h"

#include <string.h>

#define MS_PER_S UINT64_C(1000)

/* ---- waiting ------------------------------------------------------------ */

static uint64_t later(uint64_t left, uint64_t right)
{
    return left > right ? left : right;
}

static uint64_t sooner(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

/* DUE when the next check-in is, and neither backoff nor budget forbids it; else `*wake_ms` says when. */
static ud_agent_event_t check_in_due(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    uint64_t at_ms = later(agent->checkin_ms, agent->retry_ms);
    if (now_ms >= at_ms && ud_budget_take(&agent->budget, UD_BUDGET_CHECKIN, now_ms)) {
        return UD_EVENT_DUE;
    }
    *wake_ms = sooner(*wake_ms, later(at_ms, ud_budget_ready_ms(&agent->budget, UD_BUDGET_CHECKIN)));
    return UD_EVENT_NONE;
}

static bool allowed(const ud_agent_t *agent, bool (*hook)(void *, const ud_agent_question_t *))
{
    ud_agent_question_t question = {
        .update_id = agent->update.update_id,
        .version = agent->update.version,
        .download_size = agent->update.image_size - agent->chain.offset,
        .consent = agent->update.consent,
        .forced = agent->update.forced,
    };
    return hook == NULL || hook(agent->config->hooks.context, &question) || agent->update.forced;
}

/* Why the update may not go on now, or UD_OK. */
static ud_err_t obstacle(const ud_agent_t *agent, uint64_t now_ms, bool (*hook)(void *, const ud_agent_question_t *))
{
    const ud_agent_hooks_t *hooks = &agent->config->hooks;
    if (now_ms < agent->update.window_opens_ms || now_ms >= agent->update.window_closes_ms) {
        return UD_ERR_WAITING_WINDOW;
    }
    if (hooks->battery != NULL && hooks->battery(hooks->context) < agent->config->battery_min) {
        return UD_ERR_WAITING_BATTERY;
    }
    return allowed(agent, hook) ? UD_OK : UD_ERR_WAITING_APPLICATION;
}

/* ---- the work of each state: what happened? ------------------------------------------------------------ */

typedef ud_agent_event_t (*work_t)(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms);

static ud_agent_event_t work_unregistered(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    if (now_ms < agent->retry_ms) {
        *wake_ms = sooner(*wake_ms, agent->retry_ms);
        return UD_EVENT_NONE;
    }
    /* A copy without a second one may be torn and read whole this once: the server hears only of what was written twice. */
    bool alone = agent->identity.worn && agent->save.done == 0;
    return agent->identity.generation == 0 || alone ? UD_EVENT_BLANK : UD_EVENT_DUE;
}

static ud_agent_event_t work_exchange(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    ud_err_t err;
    uint64_t until_ms = *wake_ms;
    switch (ud_exchange_poll(agent, ud_exchange_room(agent), now_ms, &until_ms, &err)) {
    case UD_EXCHANGE_BUSY:
        *wake_ms = sooner(*wake_ms, until_ms);
        return UD_EVENT_NONE;
    case UD_EXCHANGE_MOVED:
        *wake_ms = now_ms;
        return UD_EVENT_NONE;
    case UD_EXCHANGE_DONE:
        return agent->request == UD_REQUEST_CHECKIN ? ud_answer_to_checkin(agent, now_ms)
                                                    : ud_answer_to_register(agent, now_ms);
    case UD_EXCHANGE_FAILED:
        break;
    }
    return agent->identity.generation == 0 ? UD_EVENT_UNKNOWN : UD_EVENT_FAILED;
}

static ud_agent_event_t work_saving(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    if (agent->save.size == 0) {
        return UD_EVENT_FAILED;
    }
    ud_err_t err = ud_identity_save_step(&agent->identity, agent->port, agent->buffer, &agent->save);
    if (err == UD_ERR_WOULD_BLOCK) {
        *wake_ms = now_ms;
        return UD_EVENT_NONE;
    }
    if (err != UD_OK) {
        return UD_EVENT_FAILED;
    }
    return agent->identity.token_size > 0 ? UD_EVENT_DONE : UD_EVENT_MORE;
}

static ud_agent_event_t fail_update(ud_agent_t *agent, ud_err_t err)
{
    agent->download_error = (uint16_t)err;
    return UD_EVENT_FATAL;
}

static ud_agent_event_t work_waiting(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    if (now_ms >= agent->ask_ms) {
        ud_err_t reason = obstacle(agent, now_ms, agent->config->hooks.may_download);
        if (reason == UD_OK) {
            bool begun = agent->chain.image_size != 0;
            ud_err_t err = begun ? UD_OK : ud_download_begin(agent, now_ms);
            return err == UD_OK ? UD_EVENT_GO : fail_update(agent, err);
        }
        if (reason != (ud_err_t)agent->wait_reason) {
            agent->wait_reason = (uint16_t)reason;
            agent->checkin_ms = now_ms;
        }
        agent->ask_ms = now_ms + UD_AGENT_ASK_INTERVAL_MS;
    }
    *wake_ms = sooner(*wake_ms, agent->ask_ms);
    return check_in_due(agent, now_ms, wake_ms);
}

static ud_agent_event_t work_downloading(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    if (ud_chain_is_done(&agent->chain)) {
        return UD_EVENT_DONE;
    }
    if (agent->busy) {
        return ud_download_receive(agent, now_ms, wake_ms);
    }
    if (now_ms < agent->retry_ms) {
        *wake_ms = sooner(*wake_ms, agent->retry_ms);
        return UD_EVENT_NONE;
    }
    if (ud_download_report_due(agent, now_ms)) {
        return UD_EVENT_DUE;
    }
    if (obstacle(agent, now_ms, agent->config->hooks.may_download) != UD_OK) {
        return UD_EVENT_HOLD;
    }
    ud_exchange_begin(agent, UD_REQUEST_ARTIFACT, now_ms);
    return ud_download_receive(agent, now_ms, wake_ms);
}

static ud_agent_event_t work_writing(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    *wake_ms = now_ms;
    return ud_download_write(agent);
}

/* Asks boot to install at the next start; from here on any reset does. */
static ud_err_t stage(ud_agent_t *agent)
{
    UD_TRY(ud_report_keep(agent));
    bool before = agent->spare.base != ud_slot_staging_offset(agent->config->slots, agent->port);
    UD_TRY(before ? ud_slot_stage_before(agent->journal, agent->update.image_digest)
                  : ud_slot_stage(agent->journal, agent->update.image_digest));
    agent->staged = true;
    return UD_OK;
}

static ud_agent_event_t work_verifying(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    ud_update_judge_t judge;
    *wake_ms = now_ms;
    ud_err_t err = ud_spare_finish(&agent->spare, agent->port, agent->update.image_size);
    if (err == UD_ERR_WOULD_BLOCK) {
        return UD_EVENT_NONE;
    }
    ud_answer_judge(agent, &judge);
    err = err == UD_OK ? ud_update_verify(&agent->update, &judge, agent->port, agent->spare.base) : err;
    if (err == UD_OK && !agent->update.download_only) {
        err = stage(agent);
    }
    return err == UD_OK ? UD_EVENT_DONE : fail_update(agent, err);
}

static ud_agent_event_t work_staged(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    bool fresh = agent->answered_ms != 0 && now_ms - agent->answered_ms < UD_AGENT_OFFER_FRESH_MS;
    if (!fresh) {
        agent->checkin_ms = sooner(agent->checkin_ms, now_ms);
    } else if (now_ms >= agent->ask_ms && !agent->update.download_only) {
        if (obstacle(agent, now_ms, agent->config->hooks.may_reboot) == UD_OK) {
            ud_err_t err = agent->staged ? UD_OK : stage(agent);
            return err == UD_OK ? UD_EVENT_GO : fail_update(agent, err);
        }
        agent->ask_ms = now_ms + UD_AGENT_ASK_INTERVAL_MS;
        *wake_ms = sooner(*wake_ms, agent->ask_ms);
    }
    return check_in_due(agent, now_ms, wake_ms);
}

static ud_agent_event_t work_resting(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    return check_in_due(agent, now_ms, wake_ms);
}

static const work_t works[UD_AGENT_STATE_COUNT] = {
    [UD_AGENT_UNREGISTERED] = work_unregistered,
    [UD_AGENT_REGISTERING] = work_exchange,
    [UD_AGENT_PENDING] = work_resting,
    [UD_AGENT_SAVING] = work_saving,
    [UD_AGENT_IDLE] = work_resting,
    [UD_AGENT_CHECKING] = work_exchange,
    [UD_AGENT_RENEWING] = work_exchange,
    [UD_AGENT_WAITING] = work_waiting,
    [UD_AGENT_DOWNLOADING] = work_downloading,
    [UD_AGENT_WRITING] = work_writing,
    [UD_AGENT_VERIFYING] = work_verifying,
    [UD_AGENT_STAGED] = work_staged,
    [UD_AGENT_TRIAL] = work_resting,
    [UD_AGENT_RETIRED] = work_resting,
};

/* ---- actions ------------------------------------------------------------ */

typedef void (*act_t)(ud_agent_t *agent, uint64_t now_ms);

static void act_none(ud_agent_t *agent, uint64_t now_ms)
{
    (void)agent;
    (void)now_ms;
}

static uint32_t chance(ud_agent_t *agent, uint64_t now_ms)
{
    uint32_t bits;
    if (ud_port_random(agent->port, &bits, sizeof bits) != UD_OK) {
        bits = (uint32_t)now_ms * UINT32_C(2654435761); /* a poor spread is better than none */
    }
    return bits;
}

static void act_back_off(ud_agent_t *agent, uint64_t now_ms)
{
    ud_exchange_close(agent);
    agent->failures = (uint8_t)(agent->failures + (agent->failures < UINT8_MAX));
    agent->retry_ms = now_ms + ud_backoff_ms(agent->config->retry_base_ms, agent->config->retry_max_ms, agent->failures,
                                             agent->answer.retry_after_s, chance(agent, now_ms));
}

/* Begins to write the identity with `token`, if it was not written too often; what goes wrong shows in the work of the
 * state.
 */
static void save(ud_agent_t *agent, const char *token, uint64_t now_ms)
{
    agent->save = (ud_identity_save_t){0};
    if (ud_budget_take(&agent->budget, UD_BUDGET_SAVE, now_ms)) {
        ud_agent_may_fail(ud_identity_save_begin(&agent->identity, agent->port, token, agent->buffer, &agent->save));
    }
}

static void act_draw_identity(ud_agent_t *agent, uint64_t now_ms)
{
    save(agent, "", now_ms);
}

static void act_keep_token(ud_agent_t *agent, uint64_t now_ms)
{
    const ud_register_answer_t *answer = ud_exchange_scratch(agent);
    ud_exchange_close(agent);
    save(agent, answer->token, now_ms);
}

static void act_register(ud_agent_t *agent, uint64_t now_ms)
{
    ud_exchange_begin(agent, UD_REQUEST_REGISTER, now_ms);
}

static void act_check_in(ud_agent_t *agent, uint64_t now_ms)
{
    ud_exchange_begin(agent, UD_REQUEST_CHECKIN, now_ms);
}

/* A server that takes no token it gave must not make the device ask in a tight loop. */
static void act_renew(ud_agent_t *agent, uint64_t now_ms)
{
    agent->failures = (uint8_t)(agent->failures + (agent->failures < UINT8_MAX));
    ud_exchange_begin(agent, UD_REQUEST_TOKEN, now_ms);
}

static void act_again(ud_agent_t *agent, uint64_t now_ms)
{
    agent->checkin_ms = now_ms;
    agent->retry_ms = now_ms;
    if (agent->failures > 1) {
        act_back_off(agent, now_ms);
    }
}

/* In a download only a new record shows that all is well again (agent/download.c). */
static void act_settle(ud_agent_t *agent, uint64_t now_ms)
{
    agent->failures = agent->home == UD_AGENT_DOWNLOADING ? agent->failures : 0;
    agent->retry_ms = now_ms;
    if (agent->home != UD_AGENT_DOWNLOADING && agent->home != UD_AGENT_STAGED) {
        ud_exchange_close(agent);
    }
}

/* Takes back what boot was asked for. What cannot be taken back is reported by boot: it verifies for itself. */
static void withdraw(ud_agent_t *agent)
{
    if (agent->staged) {
        ud_agent_may_fail(ud_slot_unstage(agent->journal));
        agent->staged = false;
    }
    if (!agent->on_trial) {
        ud_agent_may_fail(ud_report_drop(agent)); /* the next start finds that boot was not asked */
    }
}

static void give_up(ud_agent_t *agent)
{
    withdraw(agent);
    ud_download_forget(agent);
    ud_exchange_close(agent);
}

static void act_give_up(ud_agent_t *agent, uint64_t now_ms)
{
    if (!agent->result_pending) {
        ud_report_result(agent, agent->update.update_id, UD_DEVICE_FAILED, (ud_err_t)agent->download_error);
    }
    give_up(agent);
    agent->checkin_ms = now_ms;
    agent->retry_ms = now_ms;
}

/* What the spare slot holds stays, and the journal's row of how far it is good: the same image may be offered under another
 * id. A trial goes on.
 */
static void act_forget(ud_agent_t *agent, uint64_t now_ms)
{
    ud_report_forget(agent);
    if (agent->has_update && agent->update.update_id == agent->sent_id) {
        withdraw(agent);
        agent->has_update = false;
        agent->home = UD_AGENT_IDLE;
    }
    agent->checkin_ms = now_ms;
    act_back_off(agent, now_ms);
}

static void act_accept(ud_agent_t *agent, uint64_t now_ms)
{
    act_settle(agent, now_ms);
    withdraw(agent);
    agent->has_update = true;
    agent->chain = (ud_chain_t){0};
    agent->ask_ms = now_ms;
    agent->wait_reason = UD_OK;
}

static void act_hold(ud_agent_t *agent, uint64_t now_ms)
{
    ud_exchange_close(agent);
    agent->ask_ms = now_ms;
    agent->wait_reason = UD_OK;
}

static void act_stage(ud_agent_t *agent, uint64_t now_ms)
{
    agent->answered_ms = 0;
    agent->ask_ms = now_ms;
    agent->checkin_ms = now_ms;
}

static void act_reboot(ud_agent_t *agent, uint64_t now_ms)
{
    (void)now_ms;
    ud_report_tell(agent);
    ud_exchange_close(agent);
    ud_port_reset(agent->port);
}

static void act_confirm(ud_agent_t *agent, uint64_t now_ms)
{
    ud_trial_confirm(agent);
    agent->home = UD_AGENT_IDLE;
    agent->checkin_ms = now_ms;
}

static void act_reject(ud_agent_t *agent, uint64_t now_ms)
{
    (void)now_ms;
    ud_exchange_close(agent);
    ud_trial_reject(agent);
}

static void act_retire(ud_agent_t *agent, uint64_t now_ms)
{
    give_up(agent);
    agent->home = agent->on_trial ? UD_AGENT_TRIAL : UD_AGENT_IDLE;
    agent->checkin_ms = now_ms + UD_AGENT_RETIRED_INTERVAL_S * MS_PER_S;
}

static const act_t acts[UD_ACT_COUNT] = {
    [UD_ACT_NONE] = act_none,         [UD_ACT_DRAW_IDENTITY] = act_draw_identity,
    [UD_ACT_REGISTER] = act_register, [UD_ACT_CHECK_IN] = act_check_in,
    [UD_ACT_RENEW] = act_renew,       [UD_ACT_KEEP_TOKEN] = act_keep_token,
    [UD_ACT_SETTLE] = act_settle,     [UD_ACT_BACK_OFF] = act_back_off,
    [UD_ACT_AGAIN] = act_again,       [UD_ACT_HOLD] = act_hold,
    [UD_ACT_ACCEPT] = act_accept,     [UD_ACT_GIVE_UP] = act_give_up,
    [UD_ACT_FORGET] = act_forget,     [UD_ACT_STAGE] = act_stage,
    [UD_ACT_REBOOT] = act_reboot,     [UD_ACT_CONFIRM] = act_confirm,
    [UD_ACT_REJECT] = act_reject,     [UD_ACT_RETIRE] = act_retire,
};

/* ---- the engine ------------------------------------------------------------ */

static bool is_home(uint8_t state)
{
    return state == UD_AGENT_IDLE || state == UD_AGENT_WAITING || state == UD_AGENT_DOWNLOADING ||
           state == UD_AGENT_STAGED || state == UD_AGENT_TRIAL;
}

void ud_agent_step(ud_agent_t *agent, uint64_t now_ms, uint64_t *wake_ms)
{
    *wake_ms = UINT64_MAX;
    ud_agent_event_t event = ud_trial_watch(agent, now_ms, wake_ms);
    if (event == UD_EVENT_NONE || ud_agent_rule((ud_agent_state_t)agent->state, event) == NULL) {
        event = works[agent->state](agent, now_ms, wake_ms);
    }
    if (event != UD_EVENT_NONE) {
        const ud_agent_rule_t *rule = ud_agent_rule((ud_agent_state_t)agent->state, event);
        UD_ASSERT(rule != NULL);
        acts[rule->action](agent, now_ms);
        agent->state = rule->next == UD_AGENT_HOME ? agent->home : rule->next;
        agent->home = is_home(agent->state) ? agent->state : agent->home;
        *wake_ms = now_ms;
    }
    ud_report_tell(agent);
}

void ud_agent_wake(ud_agent_t *agent, uint64_t now_ms)
{
    agent->checkin_ms = now_ms;
    agent->retry_ms = now_ms;
    agent->ask_ms = now_ms;
}

bool ud_agent_is_resting(const ud_agent_t *agent)
{
    return !agent->busy && agent->state != UD_AGENT_SAVING && agent->state != UD_AGENT_WRITING;
}

/* ---- start ------------------------------------------------------------ */

static void complete(uint32_t *value, uint32_t standard)
{
    *value = *value != 0 ? *value : standard;
}

void ud_agent_config_complete(ud_agent_config_t *config)
{
    complete(&config->checkin_interval_s, UD_AGENT_CHECKIN_INTERVAL_S);
    complete(&config->retry_base_ms, UD_AGENT_RETRY_BASE_MS);
    complete(&config->retry_max_ms, UD_AGENT_RETRY_MAX_MS);
    complete(&config->answer_timeout_ms, UD_AGENT_ANSWER_TIMEOUT_MS);
    complete(&config->contact_timeout_s, UD_AGENT_CONTACT_TIMEOUT_S);
    complete(&config->report_interval_ms, UD_AGENT_REPORT_INTERVAL_MS);
    config->report_step_percent =
        config->report_step_percent != 0 ? config->report_step_percent : (uint8_t)UD_AGENT_REPORT_STEP_PERCENT;
    config->download_retries =
        config->download_retries != 0 ? config->download_retries : (uint8_t)UD_AGENT_DOWNLOAD_RETRIES;
    config->slots = config->slots != NULL ? config->slots : &ud_slot_swap;
    config->running = config->running == UD_AREA_SLOT_B ? UD_AREA_SLOT_B : UD_AREA_SLOT_A;
    config->chunk_size_max = config->chunk_size_max != 0 ? config->chunk_size_max : (uint16_t)UD_CHUNK_SIZE_DEFAULT;
}

/* A text that is cut short would be another one, such as the id of another device. */
static bool fits(const char *text, size_t size_max)
{
    return text == NULL || (text[0] != '\0' && strlen(text) <= size_max);
}

static bool config_is_sound(const ud_agent_config_t *config)
{
    return config->device_id != NULL && fits(config->device_id, UD_DEVICE_ID_SIZE_MAX) &&
           fits(config->claim_key, UD_CLAIM_KEY_SIZE_MAX) && fits(config->one_time_code, UD_CLAIM_KEY_SIZE_MAX) &&
           config->slots != NULL && (config->running == UD_AREA_SLOT_A || config->slots->runs_both) &&
           config->server != NULL && config->transport != NULL && config->keys != NULL && config->key_count > 0 &&
           config->retry_base_ms > 0 && config->retry_max_ms > 0 && config->answer_timeout_ms > 0 &&
           config->contact_timeout_s > 0 && config->report_interval_ms > 0 && config->report_step_percent > 0 &&
           config->download_retries > 0 && ud_chunk_size_is_known(config->chunk_size_max);
}

/* What runs, by the image's own words. */
static ud_err_t read_running(ud_agent_t *agent, ud_image_info_t *info)
{
    UD_TRY(ud_update_running(agent->port, agent->config->running, info));
    const char *hardware = agent->config->hardware != NULL ? agent->config->hardware : info->hardware;
    UD_REQUIRE(hardware[0] != '\0' && strlen(hardware) <= UD_HARDWARE_SIZE_MAX, UD_ERR_INVALID_ARGUMENT);
    strncpy(agent->hardware, hardware, UD_HARDWARE_SIZE_MAX);
    memcpy(agent->image_digest, info->hash, UD_SHA256_SIZE);
    agent->version = info->version;
    agent->security_counter = info->security_counter;
    return UD_OK;
}

static void raise_counter(ud_agent_t *agent, uint32_t counter)
{
    agent->security_counter = counter > agent->security_counter ? counter : agent->security_counter;
}

ud_err_t ud_agent_init(ud_agent_t *agent, ud_port_t *port, const ud_agent_config_t *config, ud_journal_t *journal,
                       uint8_t *buffer, size_t buffer_size, uint64_t now_ms)
{
    UD_REQUIRE(config_is_sound(config), UD_ERR_INVALID_ARGUMENT);
    UD_REQUIRE(buffer_size >= UD_AGENT_BUFFER_SIZE((size_t)config->chunk_size_max), UD_ERR_BUFFER_TOO_SMALL);
    UD_REQUIRE((uintptr_t)buffer % sizeof(uint64_t) == 0, UD_ERR_INVALID_ARGUMENT);
    UD_TRY(ud_slot_check_geometry(config->slots, port));
    *agent = (ud_agent_t){
        .port = port,
        .config = config,
        .journal = journal,
        .buffer = buffer,
        .buffer_size = buffer_size,
        .started_ms = now_ms,
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
    raise_counter(agent, status.security_counter);
    raise_counter(agent, ud_port_security_counter(port));
    agent->on_trial = status.state == UD_SLOT_TRIAL;
    agent->trust = (ud_trust_t){.keys = config->keys, .count = config->key_count};
    ud_update_trust(port, journal, config->running, &info, !agent->on_trial, &agent->trust);
    ud_report_open(agent, &status);

    bool known = ud_identity_open(&agent->identity, port) == UD_OK && agent->identity.token_size > 0;
    agent->home = agent->on_trial ? UD_AGENT_TRIAL : UD_AGENT_IDLE;
    agent->state = known ? agent->home : UD_AGENT_UNREGISTERED;
    /* A site whose power came back does not check in as one. */
    agent->retry_ms = now_ms + ud_backoff_ms(config->retry_base_ms, config->retry_base_ms, 1, 0, chance(agent, now_ms));
    return UD_OK;
}
