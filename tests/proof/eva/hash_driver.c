/* For Eva (scripts/prove.sh): the hash of any part of a source whose reads may fail. */
#include "core/base/assert.h"
#include "core/crypto/crypto.h"
#include "core/image/image.h"

#include "tests/proof/eva/anything.h"

/* Two pieces, and the beginning of a third. */
#define FOLLOWED_MAX (2 * UD_IMAGE_PIECE_SIZE + 44)

/* What is still to be read, where that is followed: Eva does not relate offsets and sizes that may be anything. */
static int is_followed;
static uint32_t next;
static uint32_t left;

static ud_err_t read_anything(void *context, uint32_t offset, void *data, size_t size)
{
    //@ assert a_piece: 1 <= size <= UD_IMAGE_PIECE_SIZE;
    if (is_followed) {
        //@ assert in_order: offset == next;
        //@ assert inside: size <= left;
        next += size;
        left -= size;
    }
    return give_anything(data, size);
}

/* ---- what it calls and this proof leaves out --------------------------------------------------------------------------- */

void ud_sha256_init(ud_sha256_t *hash)
{
    memset(hash, 0, sizeof *hash);
}

void ud_sha256_update(ud_sha256_t *hash, const void *data, size_t size)
{
    //@ assert readable: \valid_read((char *)data + (0 .. size - 1));
    if (is_followed) {
        //@ assert was_read: \initialized((char *)data + (0 .. size - 1));
    }
}

void ud_sha256_final(ud_sha256_t *hash, uint8_t digest[UD_SHA256_SIZE])
{
    memcpy(digest, anything, UD_SHA256_SIZE);
}

/* ---- the proof ------------------------------------------------------------------------------------------------------ */

void prove_hash_main(void)
{
    ud_image_source_t source = {.read = read_anything};
    uint8_t digest[UD_SHA256_SIZE];
    fill_anything();
    uint32_t offset = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    uint32_t size = Frama_C_unsigned_int_interval(0, UINT32_MAX);
    ud_err_t err = ud_image_hash(&source, offset, size, digest);
    is_followed = 1;
    for (size = 0; size <= FOLLOWED_MAX; size++) {
        next = UD_IMAGE_PIECE_SIZE;
        left = size;
        err = ud_image_hash(&source, next, size, digest);
        //@ assert all: err != UD_OK || left == 0;
    }
}
