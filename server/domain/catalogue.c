/* Releases: made once their files are in place and their signature was verified; never changed. */
#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "core/image/version.h"
#include "server/domain/state.h"

#include <string.h>

static ud_err_t refuse(ud_command_t *command, const char *field, const char *detail)
{
    command->field = field;
    command->detail = detail;
    return UD_ERR_INVALID_ARGUMENT;
}

static bool is_text(const char *text, size_t size_max)
{
    return text != NULL && text[0] != '\0' && strlen(text) <= size_max && ud_utf8_is_text(text, strlen(text));
}

static ud_err_t validate(ud_command_t *command)
{
    const ud_release_t *in = command->in.release.release;
    ud_version_t version;
    if (in->version == NULL || ud_version_parse(in->version, strlen(in->version), &version) != UD_OK) {
        return refuse(command, "version", "A version is MAJOR.MINOR.REVISION or MAJOR.MINOR.REVISION+BUILD.");
    }
    if (!is_text(in->hardware, UD_HARDWARE_SIZE_MAX)) {
        return refuse(command, "hardware", "A hardware id has 1 to 32 bytes of text.");
    }
    if (in->notes != NULL && strlen(in->notes) > UD_TEXT_SIZE_MAX) {
        return refuse(command, "notes", "Release notes have at most 4096 bytes.");
    }
    if (in->artifact_count == 0 || in->artifact_count > UD_CHUNK_KIND_COUNT) {
        return refuse(command, "artifacts", "A release has one artifact for each chunk size, at most four.");
    }
    return UD_OK;
}

static ud_release_live_t *same_image(const ud_fleet_t *fleet, const ud_release_t *in)
{
    for (size_t i = 0; i < fleet->release_count; i++) {
        if (memcmp(fleet->releases[i].row.image_digest, in->image_digest, UD_SHA256_SIZE) == 0) {
            return &fleet->releases[i];
        }
    }
    return NULL;
}

static ud_release_live_t *add(ud_fleet_t *fleet, const ud_release_t *in)
{
    ud_row_release_t row = {
        .version = in->version,
        .hardware = in->hardware,
        .image_size = in->image_size,
        .security_counter = in->security_counter,
        .encrypted = in->encrypted,
        .notes = in->notes,
        .created_by = fleet->actor,
        .created_ms = fleet->now.wall_ms,
    };
    memcpy(row.file_digest, in->file_digest, sizeof(row.file_digest));
    memcpy(row.image_digest, in->image_digest, sizeof(row.image_digest));
    memcpy(row.key_hash, in->key_hash, sizeof(row.key_hash));
    row.signature = in->signature;
    ud_release_live_t *release = ud_release_new(fleet, &row);
    ud_pending_ref(fleet, UD_ROW_RELEASE, release->row.number, 0);
    for (size_t i = 0; i < in->artifact_count; i++) {
        const ud_release_artifact_t *from = &in->artifacts[i];
        ud_row_artifact_t *to = &release->artifacts[release->artifact_count++];
        to->release = release->row.number;
        to->chunk_size = from->chunk_size;
        to->artifact_size = from->artifact_size;
        to->has_descriptor = from->has_descriptor;
        memcpy(to->artifact_digest, from->artifact_digest, sizeof(to->artifact_digest));
        memcpy(to->chain_root, from->chain_root, sizeof(to->chain_root));
        to->descriptor = from->descriptor;
        ud_pending_ref(fleet, UD_ROW_ARTIFACT, release->row.number, (uint32_t)i);
    }
    return release;
}

ud_err_t ud_apply_release_create(ud_fleet_t *fleet, ud_command_t *command)
{
    const ud_release_t *in = command->in.release.release;
    UD_TRY(validate(command));
    ud_release_live_t *release = same_image(fleet, in);
    if (release != NULL) {
        UD_TRY(ud_view_release(fleet, release, command->arena, &command->out.release));
        command->wrote = true; /* it may be of this very batch */
        return UD_ERR_EXISTS;
    }
    UD_REQUIRE(fleet->release_count < UD_RELEASE_COUNT_MAX, UD_ERR_TOO_MANY);
    release = add(fleet, in);
    ud_event(
        fleet,
        (ud_event_spec_t){.kind = "release_created", .object_type = UD_OBJECT_RELEASE, .object = release->row.number},
        "Release %s for %s.", release->row.version, release->row.hardware);
    return ud_view_release(fleet, release, command->arena, &command->out.release);
}
