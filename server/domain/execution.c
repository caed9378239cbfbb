#include "server/domain/execution.h"

#include "core/base/assert.h"

#define NONE UD_EXECUTION_NONE
#define OFFER UD_EXECUTION_OFFERED
#define LOAD UD_EXECUTION_DOWNLOADING
#define UPDATE UD_EXECUTION_UPDATING
#define RETRY UD_EXECUTION_RETRY
#define GOOD UD_EXECUTION_SUCCEEDED
#define FAIL UD_EXECUTION_FAILED
#define BACK UD_EXECUTION_ROLLED_BACK
#define GONE UD_EXECUTION_CANCELLED

/* [execution][what the device reports]: a device that is idle in the middle has lost its journal and is offered the same
 * again; after an outcome only a late success, or the return to the old image, changes anything.
 */
static const uint8_t next_states[UD_EXECUTION_STATE_COUNT][UD_DEVICE_STATE_COUNT] = {
    /*          idle   waiting download verify  staged  trial   confirm revert failed refused cancelled */
    [NONE] = {NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE},
    [OFFER] = {OFFER, OFFER, LOAD, UPDATE, UPDATE, UPDATE, GOOD, BACK, FAIL, FAIL, GONE},
    [LOAD] = {OFFER, LOAD, LOAD, UPDATE, UPDATE, UPDATE, GOOD, BACK, FAIL, FAIL, GONE},
    [UPDATE] = {OFFER, UPDATE, LOAD, UPDATE, UPDATE, UPDATE, GOOD, BACK, FAIL, FAIL, GONE},
    [RETRY] = {RETRY, RETRY, LOAD, UPDATE, UPDATE, UPDATE, GOOD, BACK, RETRY, RETRY, RETRY},
    [GOOD] = {GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, GOOD, BACK, GOOD, GOOD, GOOD},
    [FAIL] = {FAIL, FAIL, FAIL, FAIL, FAIL, FAIL, GOOD, BACK, FAIL, FAIL, FAIL},
    [BACK] = {BACK, BACK, BACK, BACK, BACK, BACK, BACK, BACK, BACK, BACK, BACK},
    [GONE] = {GONE, GONE, GONE, GONE, GONE, GONE, GOOD, BACK, GONE, GONE, GONE},
};

static const struct {
    const char *name;
    ud_view_state_t view;
    bool busy;
    bool final;
} states[UD_EXECUTION_STATE_COUNT] = {
    [NONE] = {"none", UD_VIEW_IDLE, false, false},
    [OFFER] = {"offered", UD_VIEW_IDLE, true, false},
    [LOAD] = {"downloading", UD_VIEW_DOWNLOADING, true, false},
    [UPDATE] = {"updating", UD_VIEW_UPDATING, true, false},
    [RETRY] = {"retry", UD_VIEW_IDLE, false, false},
    [GOOD] = {"succeeded", UD_VIEW_SUCCESS, false, true},
    [FAIL] = {"failed", UD_VIEW_FAILED, false, true},
    [BACK] = {"rolled_back", UD_VIEW_ROLLED_BACK, false, true},
    [GONE] = {"cancelled", UD_VIEW_IDLE, false, false},
};

ud_execution_state_t ud_execution_next(ud_execution_state_t state, ud_device_state_t reported)
{
    UD_ASSERT(state < UD_EXECUTION_STATE_COUNT && reported < UD_DEVICE_STATE_COUNT);
    return (ud_execution_state_t)next_states[state][reported];
}

bool ud_execution_is_busy(ud_execution_state_t state)
{
    return states[state].busy;
}

bool ud_execution_is_open(ud_execution_state_t state)
{
    return states[state].busy || state == UD_EXECUTION_RETRY;
}

bool ud_execution_is_final(ud_execution_state_t state)
{
    return states[state].final;
}

ud_view_state_t ud_execution_view(ud_execution_state_t state)
{
    return states[state].view;
}

const char *ud_execution_name(ud_execution_state_t state)
{
    return states[state].name;
}

bool ud_execution_may_retry(ud_err_t err)
{
    static const ud_err_t passing[] = {
        UD_ERR_DOWNLOAD_FAILED, UD_ERR_TIMED_OUT,     UD_ERR_NETWORK,     UD_ERR_CHUNK_DIGEST,
        UD_ERR_FLASH_READ,      UD_ERR_FLASH_WRITE,   UD_ERR_FLASH_ERASE, UD_ERR_OVERLOADED,
        UD_ERR_PROTOCOL,        UD_ERR_NOT_CONFIRMED, UD_ERR_NOT_FOUND,   UD_ERR_CANCELLED,
    };
    for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
        if (passing[i] == err) {
            return true;
        }
    }
    return false;
}
