/* Handlers of the operator door that need a file of their own; operator.c names them in its table of routes. */
#ifndef UD_DOOR_OPERATOR_HANDLERS_H
#define UD_DOOR_OPERATOR_HANDLERS_H

#include "server/door/operator_ask.h"

/* operator_session.c */
void ud_operator_sign_in(ud_exchange_t *exchange);
void ud_operator_sign_out(ud_exchange_t *exchange);
void ud_operator_change_password(ud_exchange_t *exchange);
void ud_operator_get_me(ud_exchange_t *exchange);

/* operator_device.c */
void ud_operator_list_devices(ud_exchange_t *exchange);
void ud_operator_get_device(ud_exchange_t *exchange);
void ud_operator_patch_device(ud_exchange_t *exchange);
void ud_operator_list_device_events(ud_exchange_t *exchange);
void ud_operator_list_events(ud_exchange_t *exchange);

/* operator_registry.c: groups, keys, claim keys */
void ud_operator_create_group(ud_exchange_t *exchange);
void ud_operator_add_key(ud_exchange_t *exchange);
void ud_operator_create_claim_key(ud_exchange_t *exchange);

/* operator_release.c */
void ud_operator_upload_release(ud_exchange_t *exchange);

/* operator_rollout.c */
void ud_operator_start_rollout(ud_exchange_t *exchange);
void ud_operator_pause_rollout(ud_exchange_t *exchange);
void ud_operator_resume_rollout(ud_exchange_t *exchange);
void ud_operator_halt_rollout(ud_exchange_t *exchange);

/* operator_stream.c */
void ud_operator_stream(ud_exchange_t *exchange);

#endif
