/* Intake: is an uploaded file a release? Runs in a worker, on a draft of the artifact store.
 *
 *     draft (as uploaded) --> parse, hash, signature by a registered key --> chain file for each chunk size, each root
 *     compared with the signed descriptor, if there is one --> descriptor block cut off --> all named by their digest
 *
 * Files get their names only when everything is good; until then they are drafts, which leave nothing behind.
 */
#ifndef UD_DOOR_OPERATOR_INTAKE_H
#define UD_DOOR_OPERATOR_INTAKE_H

#include "core/image/image.h"
#include "server/domain/view.h"
#include "server/io/artifact.h"

typedef struct {
    /* in */
    ud_artifact_store_t *store;
    ud_artifact_draft_t draft;    /* the upload; over when this returns */
    const ud_trusted_key_t *keys; /* the registered ones; those of Ed25519 sign in both ways that devices have */
    size_t key_count;
    const char *hardware; /* of an image that names none itself (imgtool's); or NULL */

    /* out: err, with a detail and a field for people; or the release, whose texts are in here */
    ud_err_t err;
    const char *field;
    char detail[256];
    ud_release_t release; /* id, notes, created_by, created_ms are left to the engine */
    char version[UD_VERSION_TEXT_SIZE_MAX + 1];
    char release_hardware[UD_HARDWARE_SIZE_MAX + 1];
} ud_intake_t;

/* Judges and keeps the upload. Reads the image five times and writes it four times: a second for 64 MB.
 * Errors, in `err`: the image_* family, UD_ERR_INVALID_ARGUMENT (hardware id missing or another than the image's),
 * UD_ERR_STORAGE_FULL, UD_ERR_STORAGE.
 */
void ud_intake_run(ud_intake_t *intake);

#endif
