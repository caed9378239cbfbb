#include "server/door/operator_intake.h"

#include "core/base/hex.h"
#include "core/image/chain.h"
#include "core/image/descriptor.h"
#include "core/image/descriptor_block.h"
#include "core/image/trusted.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

_Static_assert(UD_CHUNK_KIND_COUNT == UD_CHUNK_SIZE_COUNT, "a release has one artifact for each chunk size");
_Static_assert(UD_UPLOAD_SIZE_MAX / UD_CHUNK_SIZE_MIN * (UD_CHUNK_SIZE_MIN + UD_SHA256_SIZE) < UINT32_MAX,
               "the largest artifact's size fits 32 bits");

/* The work on one upload: the chain files are drafts until all is good. */
typedef struct {
    ud_intake_t *intake;
    ud_image_source_t source;
    ud_image_info_t info;
    ud_trusted_key_t key; /* that signed it... */
    ud_trust_t trust;     /* ...and trust in it alone */
    bool has_block;
    ud_descriptor_block_t block;
    ud_artifact_draft_t chains[UD_CHUNK_SIZE_COUNT];
} work_t;

static ud_err_t fail(work_t *work, ud_err_t err, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static ud_err_t fail(work_t *work, ud_err_t err, const char *field, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(work->intake->detail, sizeof work->intake->detail, format, values);
    va_end(values);
    work->intake->field = field;
    return err;
}

static ud_err_t read_draft(void *context, uint32_t offset, void *data, size_t size)
{
    return ud_artifact_read(context, offset, data, size);
}

static ud_err_t write_chain(void *context, uint64_t offset, const void *data, size_t size)
{
    return ud_artifact_write(context, offset, data, size);
}

/* ---- is it a good image? ----------------------------------------------------------------------------------------- */

/* The server has no key to decrypt with: what it judges is the signature over the hash that the image claims, and the
 * descriptor, which authenticates the file as it is. Whether plain text and hash agree, devices find out.
 */
static ud_verdict_t verify_claimed(work_t *work, const ud_trust_t *trust, ud_err_t *reason)
{
    uint8_t signature[UD_SIGNATURE_SIZE_MAX];
    size_t size = 0;
    *reason = ud_image_signature(&work->source, &work->info, signature, &size);
    return *reason == UD_OK
               ? ud_trust_verify(trust, work->info.key_hash, work->info.hash, ud_span(signature, size), reason)
               : UD_VERDICT_INVALID;
}

/* Judges the image by one key after the other, and keeps the one that signed it. */
static ud_err_t find_signer(work_t *work, const ud_image_scheme_t *scheme)
{
    ud_err_t reason = UD_ERR_IMAGE_KEY_UNKNOWN;
    work->trust = (ud_trust_t){.keys = &work->key, .count = 1};
    for (size_t index = 0; index < work->intake->key_count && reason == UD_ERR_IMAGE_KEY_UNKNOWN; index++) {
        work->key = work->intake->keys[index];
        if (scheme->pure && work->key.scheme == &ud_scheme_ed25519) {
            work->key.scheme = scheme;
        }
        if (work->key.scheme != scheme) {
            continue;
        }
        ud_verdict_t verdict = ud_image_has(&work->info, UD_IMAGE_ENCRYPTION)
                                   ? verify_claimed(work, &work->trust, &reason)
                                   : ud_image_verify_content(&work->source, &work->info, &work->trust, &reason);
        if (verdict == UD_VERDICT_VALID) {
            return UD_OK;
        }
    }
    return reason;
}

/* What no device takes, whoever signed it. */
static ud_err_t check_kind(work_t *work, const ud_image_scheme_t *scheme)
{
    if (scheme == NULL) {
        return fail(work, UD_ERR_IMAGE_UNSIGNED, NULL, "the image is not signed, or in a way that is not known");
    }
    if (scheme == &ud_scheme_ecdsa_p384 || scheme == &ud_scheme_ed25519_sha512) {
        return fail(work, UD_ERR_IMAGE_UNSIGNED, NULL, "the image is signed by %s, which no device verifies",
                    ud_scheme_name(scheme));
    }
    if (scheme->pure && ud_image_has(&work->info, UD_IMAGE_ENCRYPTION)) {
        return fail(
            work, UD_ERR_IMAGE_ENCRYPTED, NULL,
            "the image is encrypted and its content signed (--pure): nothing of it can be judged here; sign its "
            "hash");
    }
    if (ud_image_has(&work->info, UD_IMAGE_ENCRYPTION) && ud_image_check_hash(&work->source, &work->info) == UD_OK) {
        return fail(work, UD_ERR_IMAGE_ENCRYPTED, NULL,
                    "the image is for encryption, but its payload is in the clear (--clear), as for slot A; devices "
                    "decrypt what they download: sign it without --clear");
    }
    return UD_OK;
}

static ud_err_t check_image(work_t *work)
{
    ud_intake_t *intake = work->intake;
    uint32_t size = (uint32_t)intake->draft.size;
    ud_err_t reason = ud_image_read(&work->source, size, &work->info);
    if (reason == UD_OK) {
        const ud_image_scheme_t *scheme = ud_scheme_of(&work->info);
        UD_TRY(check_kind(work, scheme));
        reason = find_signer(work, scheme);
    }
    if (reason == UD_OK) {
        return UD_OK;
    }
    if (reason == UD_ERR_IMAGE_KEY_UNKNOWN) {
        char hash[UD_HEX_TEXT_SIZE(UD_SHA256_SIZE)];
        ud_hex_encode(work->info.key_hash, UD_SHA256_SIZE, hash);
        return fail(work, reason, NULL, "the image is signed by key %s; %zu keys are registered, not this one", hash,
                    intake->key_count);
    }
    return fail(work, reason, NULL, "the upload of %u bytes was refused", size);
}

/* The image's own word is signed and counts; the uploader's is taken only where the image says nothing. */
static ud_err_t check_hardware(work_t *work)
{
    const char *own = work->info.hardware;
    const char *told = work->intake->hardware;
    if (own[0] == '\0' && told == NULL) {
        return fail(work, UD_ERR_INVALID_ARGUMENT, "hardware",
                    "the image names no hardware id; sign it with --hardware, or give one with the upload");
    }
    if (own[0] != '\0' && told != NULL && strcmp(own, told) != 0) {
        return fail(work, UD_ERR_INVALID_ARGUMENT, "hardware", "the image is for hardware %s, not %s", own, told);
    }
    snprintf(work->intake->release_hardware, sizeof work->intake->release_hardware, "%s", own[0] != '\0' ? own : told);
    return UD_OK;
}

static ud_err_t read_descriptor(work_t *work)
{
    uint32_t size = (uint32_t)work->intake->draft.size;
    ud_err_t err = ud_descriptor_find(&work->source, size, &work->info, &work->block);
    work->has_block = err == UD_OK;
    if (err == UD_ERR_IMAGE_DESCRIPTOR) {
        return fail(work, err, NULL, "the descriptor block behind the image is torn or contradicts itself");
    }
    if (err == UD_ERR_NOT_FOUND && work->info.pure) {
        return fail(work, UD_ERR_IMAGE_DESCRIPTOR, NULL,
                    "the image is signed with --pure; without a descriptor no device can judge an offer of it");
    }
    return err == UD_ERR_NOT_FOUND ? UD_OK : err;
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

/* The chain's root is what was signed, or the descriptor is no good. */
static ud_err_t check_root(work_t *work, ud_release_artifact_t *artifact)
{
    const ud_descriptor_entry_t *entry =
        work->has_block ? ud_descriptor_entry(&work->block, artifact->chunk_size) : NULL;
    if (entry == NULL) {
        return UD_OK;
    }
    ud_err_t reason = UD_ERR_IMAGE_DESCRIPTOR;
    ud_descriptor_t descriptor;
    ud_descriptor_from_image(&work->info, artifact->chunk_size, artifact->chain_root, &descriptor);
    bool same = memcmp(entry->root, artifact->chain_root, UD_SHA256_SIZE) == 0;
    ud_span_t signature = ud_span(entry->signature, work->block.signature_size);
    if (!same ||
        ud_descriptor_verify(&descriptor, work->info.key_hash, signature, &work->trust, &reason) != UD_VERDICT_VALID) {
        return fail(work, UD_ERR_IMAGE_DESCRIPTOR, NULL, "the descriptor for chunks of %u bytes %s",
                    (unsigned)artifact->chunk_size, same ? "does not verify" : "has another chain root than the image");
    }
    artifact->has_descriptor = true;
    artifact->descriptor.size = (uint16_t)signature.size;
    memcpy(artifact->descriptor.data, signature.data, signature.size);
    return UD_OK;
}

static ud_err_t build_chains(work_t *work)
{
    ud_release_t *release = &work->intake->release;
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        ud_release_artifact_t *artifact = &release->artifacts[index];
        artifact->chunk_size = (uint16_t)ud_chunk_sizes[index];
        artifact->artifact_size = (uint32_t)ud_chain_artifact_size(work->info.total_size, artifact->chunk_size);
        UD_TRY(ud_artifact_begin(work->intake->store, &work->chains[index]));
        UD_TRY(ud_chain_build(&work->source, work->info.total_size, artifact->chunk_size, write_chain,
                              &work->chains[index], artifact->chain_root));
        UD_TRY(check_root(work, artifact));
    }
    release->artifact_count = UD_CHUNK_SIZE_COUNT;
    return UD_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static ud_err_t describe(work_t *work)
{
    ud_intake_t *intake = work->intake;
    ud_release_t *release = &intake->release;
    ud_version_format(&work->info.version, intake->version);
    release->version = intake->version;
    release->hardware = intake->release_hardware;
    release->image_size = work->info.total_size;
    release->security_counter = work->info.security_counter;
    release->encrypted = ud_image_has(&work->info, UD_IMAGE_ENCRYPTION);
    memcpy(release->image_digest, work->info.hash, UD_SHA256_SIZE);
    memcpy(release->key_hash, work->info.key_hash, UD_SHA256_SIZE);
    size_t size = 0;
    UD_TRY(ud_image_signature(&work->source, &work->info, release->signature.data, &size));
    release->signature.size = (uint16_t)size;
    return UD_OK;
}

static ud_err_t keep_files(work_t *work)
{
    ud_release_t *release = &work->intake->release;
    UD_TRY(ud_artifact_cut(&work->intake->draft, work->info.total_size));
    UD_TRY(ud_artifact_keep(&work->intake->draft, release->file_digest));
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        UD_TRY(ud_artifact_keep(&work->chains[index], release->artifacts[index].artifact_digest));
    }
    return UD_OK;
}

static ud_err_t run(work_t *work)
{
    UD_TRY(check_image(work));
    UD_TRY(check_hardware(work));
    UD_TRY(read_descriptor(work));
    UD_TRY(build_chains(work));
    UD_TRY(describe(work));
    return keep_files(work);
}

void ud_intake_run(ud_intake_t *intake)
{
    work_t work = {.intake = intake, .source = {.read = read_draft, .context = &intake->draft}};
    intake->err = run(&work);
    ud_artifact_drop(&intake->draft);
    for (size_t index = 0; index < UD_CHUNK_SIZE_COUNT; index++) {
        ud_artifact_drop(&work.chains[index]);
    }
}
