/* People and what they keep by hand: accounts, sessions, signing keys, claim keys, groups. */
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "server/domain/state.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

ud_err_t ud_name_check(ud_command_t *command, const char *name)
{
    size_t size = name == NULL ? 0 : strnlen(name, UD_NAME_SIZE_MAX + 1);
    bool good = size >= 1 && size <= UD_NAME_SIZE_MAX;
    for (size_t i = 0; i < size && good; i++) {
        unsigned char c = (unsigned char)name[i];
        good = c < 0x80 && (isalnum(c) || c == '-' || c == '_' || c == '.');
    }
    if (good) {
        return UD_OK;
    }
    command->field = "name";
    command->detail = "A name has 1 to 64 letters, digits, '-', '_' or '.'.";
    return UD_ERR_INVALID_ARGUMENT;
}

static ud_err_t exists(ud_command_t *command)
{
    command->field = "name";
    return UD_ERR_EXISTS;
}

/* ---- accounts ----------------------------------------------------------------------------------------------------- */

const ud_row_account_t *ud_account_find(const ud_fleet_t *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->account_count; i++) {
        if (strcmp(fleet->accounts[i].name, name) == 0) {
            return &fleet->accounts[i];
        }
    }
    return NULL;
}

static ud_err_t view_account(const ud_row_account_t *account, ud_command_t *command)
{
    ud_account_t *view = &command->out.account;
    view->name = ud_arena_text(command->arena, account->name, strlen(account->name));
    view->password_hash = ud_arena_text(command->arena, account->password_hash, strlen(account->password_hash));
    view->role = account->role;
    return view->name != NULL && view->password_hash != NULL ? UD_OK : UD_ERR_TOO_LARGE;
}

ud_err_t ud_apply_account_get(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_row_account_t *account = ud_account_find(fleet, command->in.account_name);
    UD_REQUIRE(account != NULL, UD_ERR_NOT_FOUND);
    return view_account(account, command);
}

ud_err_t ud_apply_account_create(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_account_in_t *in = &command->in.account;
    UD_TRY(ud_name_check(command, in->name));
    UD_REQUIRE(in->role > UD_ROLE_NONE && in->role <= UD_ROLE_ADMIN && in->password_hash != NULL,
               UD_ERR_INVALID_ARGUMENT);
    if (ud_account_find(fleet, in->name) != NULL || (in->only_if_none && fleet->account_count > 0)) {
        return exists(command);
    }
    UD_REQUIRE(fleet->account_count < UD_ACCOUNT_COUNT_MAX, UD_ERR_TOO_MANY);
    ud_row_account_t row = {.name = in->name, .password_hash = in->password_hash, .role = (uint8_t)in->role};
    const ud_row_account_t *account = ud_account_new(fleet, &row);
    ud_pending_ref(fleet, UD_ROW_ACCOUNT, (uint32_t)fleet->account_count, 0);
    ud_event(fleet, (ud_event_spec_t){.kind = "account_created"}, "Account %s.", in->name);
    return view_account(account, command);
}

/* ---- sessions ----------------------------------------------------------------------------------------------------- */

const ud_row_session_t *ud_session_find(const ud_fleet_t *fleet, const uint8_t hash[UD_SHA256_SIZE])
{
    for (size_t i = 0; i < fleet->session_count; i++) {
        const ud_row_session_t *session = &fleet->sessions[i];
        if (ud_crypto_equal(session->session, hash, UD_SHA256_SIZE) == UD_VERDICT_VALID) {
            return session->expires_ms > fleet->now.wall_ms ? session : NULL;
        }
    }
    return NULL;
}

static ud_err_t view_session(const ud_fleet_t *fleet, const ud_row_session_t *session, ud_command_t *command)
{
    const ud_row_account_t *account = ud_account_find(fleet, session->account);
    UD_REQUIRE(account != NULL, UD_ERR_UNAUTHENTICATED);
    ud_session_t *view = &command->out.session;
    view->account = ud_arena_text(command->arena, account->name, strlen(account->name));
    view->role = account->role;
    view->expires_ms = session->expires_ms;
    return view->account != NULL ? UD_OK : UD_ERR_TOO_LARGE;
}

/* The last one takes its place; positions that pending rows name are renamed with it. */
static void end_session(ud_fleet_t *fleet, size_t index)
{
    ud_pending_session_end(fleet, &fleet->sessions[index]);
    free((void *)fleet->sessions[index].account);
    size_t last = --fleet->session_count;
    fleet->sessions[index] = fleet->sessions[last];
    ud_pending_t *pending = &fleet->pending;
    size_t kept = 0;
    for (size_t i = 0; i < pending->ref_count; i++) {
        ud_pending_ref_t ref = pending->refs[i];
        if (ref.type == UD_ROW_SESSION && ref.number == index + 1) {
            continue; /* its row was never needed */
        }
        if (ref.type == UD_ROW_SESSION && ref.number == last + 1) {
            ref.number = (uint32_t)index + 1;
        }
        pending->refs[kept++] = ref;
    }
    pending->ref_count = kept;
}

/* Ends those that expired; when there are too many all the same, the one that would have expired first. */
static void make_room(ud_fleet_t *fleet)
{
    size_t oldest = 0;
    for (size_t i = fleet->session_count; i-- > 0;) {
        if (fleet->sessions[i].expires_ms <= fleet->now.wall_ms) {
            end_session(fleet, i);
        }
    }
    for (size_t i = 1; i < fleet->session_count; i++) {
        oldest = fleet->sessions[i].expires_ms < fleet->sessions[oldest].expires_ms ? i : oldest;
    }
    if (fleet->session_count >= UD_SESSION_COUNT_MAX) {
        end_session(fleet, oldest);
    }
}

ud_err_t ud_apply_session_create(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_session_in_t *in = &command->in.session;
    UD_REQUIRE(ud_account_find(fleet, in->account) != NULL, UD_ERR_UNAUTHENTICATED);
    make_room(fleet);
    ud_row_session_t row = {.account = in->account, .expires_ms = in->expires_ms};
    memcpy(row.session, in->session, sizeof(row.session));
    const ud_row_session_t *session = ud_session_new(fleet, &row);
    ud_pending_ref(fleet, UD_ROW_SESSION, (uint32_t)fleet->session_count, 0);
    fleet->actor = session->account;
    ud_event(fleet, (ud_event_spec_t){.kind = "signed_in"}, "Signed in.");
    return view_session(fleet, session, command);
}

ud_err_t ud_apply_session_check(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_row_session_t *session = ud_session_find(fleet, command->session);
    UD_REQUIRE(session != NULL, UD_ERR_UNAUTHENTICATED);
    ud_command_type_t may = command->in.session.may;
    UD_TRY(view_session(fleet, session, command));
    UD_REQUIRE(may == 0 || (ud_role_t)command->out.session.role >= ud_command_role(may), UD_ERR_FORBIDDEN);
    return UD_OK;
}

ud_err_t ud_apply_session_end(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_row_session_t *session = ud_session_find(fleet, command->session);
    UD_REQUIRE(session != NULL, UD_ERR_UNAUTHENTICATED);
    ud_event(fleet, (ud_event_spec_t){.kind = "signed_out"}, "Signed out.");
    end_session(fleet, (size_t)(session - fleet->sessions));
    return UD_OK;
}

/* ---- passwords ---------------------------------------------------------------------------------------------------- */

static void set_password(ud_fleet_t *fleet, const ud_row_account_t *found, const char *hash)
{
    size_t index = (size_t)(found - fleet->accounts);
    free((void *)fleet->accounts[index].password_hash);
    fleet->accounts[index].password_hash = ud_text_keep(hash);
    ud_pending_ref(fleet, UD_ROW_ACCOUNT, (uint32_t)index + 1, 0);
}

/* Ends the account's sessions but `kept`, the hash of one; NULL: all of them. Gives how many. */
static unsigned end_sessions(ud_fleet_t *fleet, const char *account, const uint8_t *kept)
{
    unsigned ended = 0;
    for (size_t i = fleet->session_count; i-- > 0;) {
        const ud_row_session_t *session = &fleet->sessions[i];
        bool is_kept = kept != NULL && memcmp(session->session, kept, UD_SHA256_SIZE) == 0;
        if (!is_kept && strcmp(session->account, account) == 0) {
            end_session(fleet, i);
            ended++;
        }
    }
    return ended;
}

ud_err_t ud_apply_password_set(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_row_session_t *session = ud_session_find(fleet, command->session);
    const ud_row_account_t *account = session == NULL ? NULL : ud_account_find(fleet, session->account);
    UD_REQUIRE(account != NULL, UD_ERR_UNAUTHENTICATED);
    set_password(fleet, account, command->in.password_hash);
    unsigned ended = end_sessions(fleet, account->name, command->session);
    ud_event(fleet, (ud_event_spec_t){.kind = "password_changed"}, "Password changed; %u other sessions ended.", ended);
    return UD_OK;
}

ud_err_t ud_apply_account_reset(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_account_in_t *in = &command->in.account;
    const ud_row_account_t *account = ud_account_find(fleet, in->name);
    if (account == NULL) {
        return ud_apply_account_create(fleet, command);
    }
    set_password(fleet, account, in->password_hash);
    fleet->accounts[account - fleet->accounts].role = (uint8_t)in->role;
    (void)end_sessions(fleet, in->name, NULL);
    ud_event(fleet, (ud_event_spec_t){.kind = "password_reset"},
             "Account %s was given another password on the server's machine.", in->name);
    return view_account(account, command);
}

/* ---- keys --------------------------------------------------------------------------------------------------------- */

static ud_err_t view_key(const ud_fleet_t *fleet, size_t index, ud_arena_t *arena, void *view)
{
    const ud_row_key_t *key = &fleet->keys[index];
    char *hex = ud_arena_alloc(arena, UD_HEX_TEXT_SIZE(UD_SHA256_SIZE));
    const char *name = ud_arena_text(arena, key->name, strlen(key->name));
    const char *type = ud_arena_text(arena, key->type, strlen(key->type));
    UD_REQUIRE(hex != NULL && name != NULL && type != NULL, UD_ERR_TOO_LARGE);
    ud_hex_encode(key->key_hash, UD_SHA256_SIZE, hex);
    *(ud_key_view_t *)view = (ud_key_view_t){
        .name = name, .key_hash = hex, .created_ms = key->created_ms, .type = type, .public_key = key->public_key};
    return UD_OK;
}

static ud_err_t page_of_keys(const ud_fleet_t *fleet, ud_list_in_t in, ud_command_t *command)
{
    const ud_list_t list = {.count = fleet->key_count, .view_size = sizeof(ud_key_view_t), .view = view_key};
    ud_page_t page;
    UD_TRY(ud_list_page(fleet, &list, &in, command->arena, &page));
    command->out.keys = UD_PAGE_AS(ud_key_page_t, page);
    return UD_OK;
}

ud_err_t ud_apply_query_keys(ud_fleet_t *fleet, ud_command_t *command)
{
    return page_of_keys(fleet, command->in.list, command);
}

ud_err_t ud_apply_key_add(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_key_in_t *in = &command->in.key;
    UD_TRY(ud_name_check(command, in->name));
    for (size_t i = 0; i < fleet->key_count; i++) {
        if (strcmp(fleet->keys[i].name, in->name) == 0) {
            return exists(command);
        }
        if (memcmp(fleet->keys[i].key_hash, in->key_hash, UD_SHA256_SIZE) == 0) {
            command->detail = "This key is registered under another name.";
            return UD_ERR_EXISTS;
        }
    }
    UD_REQUIRE(fleet->key_count < UD_KEY_COUNT_MAX, UD_ERR_TOO_MANY);
    ud_row_key_t row = {
        .name = in->name, .created_ms = fleet->now.wall_ms, .type = in->type, .public_key = in->public_key};
    memcpy(row.key_hash, in->key_hash, sizeof(row.key_hash));
    ud_key_new(fleet, &row);
    ud_pending_ref(fleet, UD_ROW_KEY, (uint32_t)fleet->key_count, 0);
    ud_event(fleet, (ud_event_spec_t){.kind = "key_added"}, "Signing key %s.", in->name);
    return page_of_keys(fleet, (ud_list_in_t){.offset = fleet->key_count - 1}, command);
}

/* ---- claim keys --------------------------------------------------------------------------------------------------- */

static ud_err_t view_claim_key(const ud_fleet_t *fleet, size_t index, ud_arena_t *arena, void *view)
{
    const ud_row_claim_key_t *key = &fleet->claim_keys[index];
    ud_claim_key_view_t *shown = view;
    *shown = (ud_claim_key_view_t){
        .name = ud_arena_text(arena, key->name, strlen(key->name)),
        .group = ud_arena_text(arena, key->group, strlen(key->group)),
        .approve = key->approve,
        .created_ms = key->created_ms,
        .used = key->used,
    };
    return shown->name != NULL && shown->group != NULL ? UD_OK : UD_ERR_TOO_LARGE;
}

static ud_err_t page_of_claim_keys(const ud_fleet_t *fleet, ud_list_in_t in, ud_command_t *command)
{
    const ud_list_t list = {
        .count = fleet->claim_key_count, .view_size = sizeof(ud_claim_key_view_t), .view = view_claim_key};
    ud_page_t page;
    UD_TRY(ud_list_page(fleet, &list, &in, command->arena, &page));
    command->out.claim_keys = UD_PAGE_AS(ud_claim_key_page_t, page);
    return UD_OK;
}

ud_err_t ud_apply_query_claim_keys(ud_fleet_t *fleet, ud_command_t *command)
{
    return page_of_claim_keys(fleet, command->in.list, command);
}

ud_err_t ud_apply_claim_key_create(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_claim_key_in_t *in = &command->in.claim_key;
    UD_TRY(ud_name_check(command, in->name));
    const char *group = in->group == NULL ? "default" : in->group;
    if (ud_group_find(fleet, group) == 0) {
        command->field = "group";
        command->detail = "There is no group of that name.";
        return UD_ERR_NOT_FOUND;
    }
    for (size_t i = 0; i < fleet->claim_key_count; i++) {
        if (strcmp(fleet->claim_keys[i].name, in->name) == 0) {
            return exists(command);
        }
    }
    UD_REQUIRE(fleet->claim_key_count < UD_KEY_COUNT_MAX, UD_ERR_TOO_MANY);
    ud_row_claim_key_t row = {
        .name = in->name, .group = group, .approve = in->approve, .created_ms = fleet->now.wall_ms};
    memcpy(row.secret_hash, in->secret_hash, sizeof(row.secret_hash));
    ud_claim_key_new(fleet, &row);
    ud_pending_ref(fleet, UD_ROW_CLAIM_KEY, (uint32_t)fleet->claim_key_count, 0);
    ud_event(fleet, (ud_event_spec_t){.kind = "claim_key_created"}, "Claim key %s for group %s.", in->name, group);
    return page_of_claim_keys(fleet, (ud_list_in_t){.offset = fleet->claim_key_count - 1}, command);
}

/* ---- groups ------------------------------------------------------------------------------------------------------- */

uint32_t ud_group_find(const ud_fleet_t *fleet, const char *name)
{
    for (size_t i = 0; i < fleet->group_count; i++) {
        if (strcmp(fleet->groups[i].row.name, name) == 0) {
            return (uint32_t)i + 1;
        }
    }
    return 0;
}

static ud_err_t view_group(const ud_fleet_t *fleet, size_t index, ud_arena_t *arena, void *view)
{
    const ud_group_live_t *group = &fleet->groups[index];
    const char *description = group->row.description == NULL ? "" : group->row.description;
    ud_group_t *shown = view;
    *shown = (ud_group_t){
        .name = ud_arena_text(arena, group->row.name, strlen(group->row.name)),
        .description = ud_arena_text(arena, description, strlen(description)),
        .device_count = group->device_count,
    };
    return shown->name != NULL && shown->description != NULL ? UD_OK : UD_ERR_TOO_LARGE;
}

static ud_err_t page_of_groups(const ud_fleet_t *fleet, ud_list_in_t in, ud_command_t *command)
{
    const ud_list_t list = {.count = fleet->group_count, .view_size = sizeof(ud_group_t), .view = view_group};
    ud_page_t page;
    UD_TRY(ud_list_page(fleet, &list, &in, command->arena, &page));
    command->out.groups = UD_PAGE_AS(ud_group_page_t, page);
    return UD_OK;
}

ud_err_t ud_apply_query_groups(ud_fleet_t *fleet, ud_command_t *command)
{
    return page_of_groups(fleet, command->in.list, command);
}

ud_err_t ud_apply_group_create(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_group_in_t *in = &command->in.group;
    UD_TRY(ud_name_check(command, in->name));
    if (in->description != NULL && strlen(in->description) > UD_TEXT_SIZE_MAX) {
        command->field = "description";
        return UD_ERR_TOO_LARGE;
    }
    if (ud_group_find(fleet, in->name) != 0) {
        return exists(command);
    }
    UD_REQUIRE(fleet->group_count < UD_GROUP_COUNT_MAX, UD_ERR_TOO_MANY);
    const ud_group_live_t *group =
        ud_group_new(fleet, &(ud_row_group_t){.name = in->name, .description = in->description});
    ud_pending_ref(fleet, UD_ROW_GROUP, group->row.number, 0);
    fleet->revision++;
    ud_event(fleet, (ud_event_spec_t){.kind = "group_created"}, "Group %s.", in->name);
    return page_of_groups(fleet, (ud_list_in_t){.offset = fleet->group_count - 1}, command);
}
