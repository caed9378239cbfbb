#include "include/updraft/agent.h"

#include <string.h>

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

ud_err_t ud_agent_config_check(const ud_agent_config_t *config)
{
    bool sound = config->device_id != NULL && fits(config->device_id, UD_DEVICE_ID_SIZE_MAX) &&
                 fits(config->claim_key, UD_CLAIM_KEY_SIZE_MAX) && fits(config->one_time_code, UD_CLAIM_KEY_SIZE_MAX) &&
                 config->slots != NULL && (config->running == UD_AREA_SLOT_A || config->slots->runs_both) &&
                 config->server != NULL && config->transport != NULL && config->keys != NULL &&
                 config->key_count - 1 < UD_TRUSTED_KEYS_MAX && config->retry_base_ms > 0 && config->retry_max_ms > 0 &&
                 config->answer_timeout_ms > 0 && config->contact_timeout_s > 0 && config->report_interval_ms > 0 &&
                 config->report_step_percent > 0 && config->download_retries > 0 &&
                 ud_chunk_size_is_known(config->chunk_size_max);
    return sound ? UD_OK : UD_ERR_INVALID_ARGUMENT;
}
