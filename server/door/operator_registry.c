/* What is registered: groups of devices, public keys of images, claim keys of product lines. */
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/crypto/crypto.h"
#include "core/crypto/key.h"
#include "core/image/sign.h"
#include "server/door/operator_handlers.h"
#include "server/door/operator_input.h"
#include "server/door/problem.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* A claim key: a prefix that secret scanners can look for, and 192 random bits. */
#define CLAIM_KEY_PREFIX "udclaim-"
#define CLAIM_KEY_RANDOM_SIZE 24

/* Answers with the only item of the page that a creating command gives back. */
static void answer_item(ud_exchange_t *exchange, ud_command_t *command)
{
    const ud_operator_ask_t *ask = (const ud_operator_ask_t *)(const void *)command;
    if (ud_operator_refused(exchange, command)) {
        return;
    }
    json_t *page = ud_operator_json(ask->fields, &command->out);
    json_t *item = json_incref(json_array_get(json_object_get(page, "items"), 0));
    json_decref(page);
    if (ask->secret != NULL) {
        json_object_set_new(item, "key", json_string(ask->secret));
    }
    ud_operator_reply(exchange, ask->status, item);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static const ud_input_field_t group_fields[] = {
    {"name", UD_INPUT_NAME, true, offsetof(ud_group_in_t, name), 1, UD_NAME_SIZE_MAX, NULL},
    {"description", UD_INPUT_TEXT, false, offsetof(ud_group_in_t, description), 0, UD_TEXT_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

static void group_body(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    ask->command.in.group = (ud_group_in_t){.description = ""};
    if (ud_input_body(exchange, group_fields, &ask->command.in.group)) {
        ud_operator_send(exchange, ask, answer_item);
    }
}

void ud_operator_create_group(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_GROUP_CREATE, 201, ud_json_group_page, group_body);
}

/* ---- keys -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const char *pem;
} key_text_t;

static const ud_input_field_t key_fields[] = {
    {"name", UD_INPUT_NAME, true, offsetof(key_text_t, name), 1, UD_NAME_SIZE_MAX, NULL},
    {"public_pem", UD_INPUT_PEM, true, offsetof(key_text_t, pem), 1, UD_PEM_SIZE_MAX, NULL},
    {.kind = UD_INPUT_END},
};

/* What is wrong with a key, or NULL. */
static const char *judge_key(const ud_key_t *key)
{
    if (ud_key_is_private(key)) {
        return "this is a private key, which the server must never see; send what updraft key public prints";
    }
    if (ud_key_kind(key) == UD_KEY_ECDSA_P384) {
        return "a key of ECDSA P-384, which no device verifies; use ECDSA P-256, RSA-2048, RSA-3072 or Ed25519";
    }
    return NULL;
}

/* The command takes the key over; its texts are constants. */
static void take_key(const ud_key_t *key, ud_key_in_t *in)
{
    const ud_image_scheme_t *scheme = NULL;
    ud_trusted_key_t trusted;
    ud_err_t err = ud_sign_scheme(ud_key_kind(key), 0, false, &scheme);
    UD_ASSERT(err == UD_OK);
    in->type = ud_scheme_name(scheme);
    in->public_key.size = (uint16_t)ud_key_public_raw(key, in->public_key.data);
    ud_trusted_key_init(&trusted, scheme, in->public_key.data);
    memcpy(in->key_hash, trusted.key_hash, sizeof in->key_hash);
}

/* False: the request was answered. A private key is refused, and what was sent of it is forgotten. */
static bool read_public_key(ud_exchange_t *exchange, const char *pem, ud_key_in_t *in)
{
    ud_key_t *key = NULL;
    char found[UD_KEY_FOUND_SIZE] = "";
    ud_err_t err = ud_key_read_pem(pem, strlen(pem), &key, found);
    if (err != UD_OK) {
        ud_problem_reply(exchange, err, "public_pem",
                         "not a public key of ECDSA P-256, RSA-2048, RSA-3072 or Ed25519; found: %s", found);
        return false;
    }
    const char *wrong = judge_key(key);
    if (wrong != NULL) {
        ud_problem_reply(exchange, UD_ERR_KEY_FORMAT, "public_pem", "%s", wrong);
    } else {
        take_key(key, in);
    }
    ud_key_destroy(key);
    return wrong == NULL;
}

static void key_body(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    key_text_t text = {0};
    ud_key_in_t *in = &ask->command.in.key;
    if (ud_input_body(exchange, key_fields, &text) && read_public_key(exchange, text.pem, in)) {
        in->name = text.name;
        ud_operator_send(exchange, ask, answer_item);
    }
}

void ud_operator_add_key(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_KEY_ADD, 201, ud_json_key_page, key_body);
}

/* ---- claim keys -------------------------------------------------------------------------------------------------- */

static const ud_input_field_t claim_key_fields[] = {
    {"name", UD_INPUT_NAME, true, offsetof(ud_claim_key_in_t, name), 1, UD_NAME_SIZE_MAX, NULL},
    {"group", UD_INPUT_NAME, false, offsetof(ud_claim_key_in_t, group), 1, UD_NAME_SIZE_MAX, NULL},
    {"approve", UD_INPUT_BOOL, false, offsetof(ud_claim_key_in_t, approve), 0, 0, NULL},
    {.kind = UD_INPUT_END},
};

static void draw_claim_key(char key[UD_CLAIM_KEY_SIZE_MAX + 1])
{
    uint8_t random[CLAIM_KEY_RANDOM_SIZE];
    randombytes_buf(random, sizeof random);
    int prefix = snprintf(key, UD_CLAIM_KEY_SIZE_MAX + 1, CLAIM_KEY_PREFIX);
    sodium_bin2base64(key + prefix, (size_t)(UD_CLAIM_KEY_SIZE_MAX + 1 - prefix), random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void claim_key_body(ud_exchange_t *exchange)
{
    ud_operator_ask_t *ask = ud_exchange_context(exchange);
    ud_claim_key_in_t *in = &ask->command.in.claim_key;
    char key[UD_CLAIM_KEY_SIZE_MAX + 1];
    if (!ud_input_body(exchange, claim_key_fields, in)) {
        return;
    }
    draw_claim_key(key);
    ud_sha256(key, strlen(key), in->secret_hash);
    ask->secret = ud_arena_text(ud_exchange_arena(exchange), key, strlen(key));
    ud_operator_send(exchange, ask, answer_item);
}

void ud_operator_create_claim_key(ud_exchange_t *exchange)
{
    ud_operator_collect(exchange, UD_COMMAND_CLAIM_KEY_CREATE, 201, ud_json_claim_key_page, claim_key_body);
}
