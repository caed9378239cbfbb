/* What 'updraft image sign' was asked for: its options, read and checked. */
#ifndef UD_CLI_IMAGE_PLAN_H
#define UD_CLI_IMAGE_PLAN_H

#include "cli/image_trailer.h"
#include "cli/options.h"
#include "core/image/sign.h"

typedef struct {
    ud_key_t *key; /* signs */
    ud_sign_options_t sign;
    bool no_descriptor;
    bool clear;         /* the image is for encryption, but its payload stands in the clear */
    bool pad;           /* the file fills a slot, with a trailer... */
    bool confirmed;     /* ...that says image ok */
    uint8_t erased;     /* value of erased flash */
    uint64_t slot_size; /* bytes; 0: any */
    ud_image_trailer_form_t trailer;

    /* what `sign` points at */
    ud_key_t *encrypt_for;
    ud_image_dependency_t dependencies[UD_IMAGE_DEPENDENCIES_MAX];
    uint8_t revoked[UD_IMAGE_REVOKED_MAX][UD_SHA256_SIZE];
    ud_sign_tlv_t tlvs[UD_SIGN_TLVS_MAX];
    uint8_t *values[UD_SIGN_TLVS_MAX]; /* on the heap */
} ud_image_plan_t;

extern const ud_cli_option_t ud_image_plan_options[];

/* Reads the options. Close the plan afterwards, whatever this returns; the user has been told about any error.
 * Errors: UD_ERR_INVALID_ARGUMENT, those of ud_cli_read_key().
 */
UD_MUST_USE ud_err_t ud_image_plan_open(ud_image_plan_t *plan, const ud_cli_call_t *call);
void ud_image_plan_close(ud_image_plan_t *plan);

#endif
