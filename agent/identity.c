#include "agent/identity.h"

#include "core/base/assert.h"
#include "core/base/crc32.h"

#include <string.h>

#define MAGIC 0x31444955u /* "UID1" */
#define COPIES 2

/* The beginning of a record as it is on flash; the token and a CRC-32 follow. */
typedef struct {
    uint32_t magic;
    uint32_t generation; /* 1 and up */
    uint16_t token_size; /* bytes */
    uint16_t zero;
    uint8_t nonce[UD_IDENTITY_NONCE_SIZE];
    uint8_t secret[UD_IDENTITY_SECRET_SIZE];
} record_t;

#define TOKEN_OFFSET ((uint32_t)sizeof(record_t))
#define RECORD_SIZE(token_size) (TOKEN_OFFSET + (token_size) + 4u)

/* Bytes read or programmed at once; a multiple of every write size. */
#define PIECE_SIZE 64

_Static_assert(RECORD_SIZE(UD_TOKEN_SIZE_MAX) + UD_WRITE_SIZE_MAX - 1 <= UD_IDENTITY_RECORD_SIZE_MAX,
               "the longest record fits its buffer");
_Static_assert(offsetof(record_t, nonce) == 12 && offsetof(record_t, secret) == 28 && TOKEN_OFFSET == 60,
               "the layout on flash stays");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are used as they stand on flash");
_Static_assert(PIECE_SIZE % UD_WRITE_SIZE_MAX == 0, "a piece is whole words");

/* Bytes of one copy: whole sectors, half of the area. */
static uint32_t copy_size(const ud_port_t *port)
{
    const ud_area_geometry_t *area = ud_port_area(port, UD_AREA_IDENTITY);
    return area->size_bytes / area->sector_size_bytes / COPIES * area->sector_size_bytes;
}

static ud_err_t read_copy(ud_port_t *port, uint8_t copy, uint32_t offset, void *data, size_t size)
{
    return ud_port_flash_read(port, UD_AREA_IDENTITY, copy * copy_size(port) + offset, data, size);
}

/* Reads one copy whole; gives its generation, or 0 if it is no whole one, and what it begins with. Each byte is read once: a
 * word that a power cut tore may read differently the next time.
 */
static uint32_t read_whole(ud_port_t *port, uint8_t copy, record_t *head)
{
    uint8_t piece[PIECE_SIZE];
    uint32_t stored;
    if (read_copy(port, copy, 0, head, sizeof *head) != UD_OK || head->magic != MAGIC ||
        head->token_size > UD_TOKEN_SIZE_MAX || RECORD_SIZE(head->token_size) > copy_size(port)) {
        return 0;
    }
    uint32_t end = RECORD_SIZE(head->token_size) - 4;
    uint32_t crc = ud_crc32(0, head, sizeof *head);
    for (uint32_t offset = TOKEN_OFFSET; offset < end; offset += PIECE_SIZE) {
        uint32_t size = end - offset < PIECE_SIZE ? end - offset : PIECE_SIZE;
        if (read_copy(port, copy, offset, piece, size) != UD_OK) {
            return 0;
        }
        crc = ud_crc32(crc, piece, size);
    }
    return read_copy(port, copy, end, &stored, sizeof stored) == UD_OK && stored == crc ? head->generation : 0;
}

ud_err_t ud_identity_open(ud_identity_t *identity, ud_port_t *port)
{
    uint32_t generations[COPIES];
    *identity = (ud_identity_t){.generation = 0};
    for (uint8_t copy = 0; copy < COPIES; copy++) {
        record_t head;
        generations[copy] = read_whole(port, copy, &head);
        if (generations[copy] > identity->generation) {
            identity->generation = generations[copy];
            identity->token_size = head.token_size;
            identity->copy = copy;
        }
    }
    identity->worn = generations[0] != generations[1] || identity->generation == 0;
    return identity->generation > 0 ? UD_OK : UD_ERR_NOT_FOUND;
}

/* Both copies hold the same ones; the copy that counts may be one that read as whole by chance when it was opened. */
ud_err_t ud_identity_secrets(const ud_identity_t *identity, ud_port_t *port, uint8_t nonce[UD_IDENTITY_NONCE_SIZE],
                             uint8_t secret[UD_IDENTITY_SECRET_SIZE])
{
    record_t head;
    UD_REQUIRE(identity->generation > 0, UD_ERR_NOT_FOUND);
    UD_REQUIRE(read_whole(port, identity->copy, &head) != 0 || read_whole(port, identity->copy ^ 1, &head) != 0,
               UD_ERR_FLASH_READ);
    memcpy(nonce, head.nonce, sizeof head.nonce);
    memcpy(secret, head.secret, sizeof head.secret);
    return UD_OK;
}

ud_err_t ud_identity_token(const ud_identity_t *identity, ud_port_t *port, char token[UD_TOKEN_SIZE_MAX + 1])
{
    UD_REQUIRE(identity->generation > 0, UD_ERR_NOT_FOUND);
    UD_TRY(read_copy(port, identity->copy, TOKEN_OFFSET, token, identity->token_size));
    token[identity->token_size] = '\0';
    return UD_OK;
}

ud_err_t ud_identity_save_begin(const ud_identity_t *identity, ud_port_t *port, const char *token, uint8_t *buffer,
                                ud_identity_save_t *save)
{
    record_t head = {.magic = MAGIC, .generation = identity->generation + 1};
    size_t token_size = strlen(token);
    UD_REQUIRE(token_size <= UD_TOKEN_SIZE_MAX && RECORD_SIZE(token_size) <= copy_size(port), UD_ERR_TOO_LARGE);
    head.token_size = (uint16_t)token_size;
    if (identity->generation > 0) {
        UD_TRY(ud_identity_secrets(identity, port, head.nonce, head.secret));
    } else {
        UD_TRY(ud_port_random(port, head.nonce, sizeof head.nonce));
        UD_TRY(ud_port_random(port, head.secret, sizeof head.secret));
    }
    memcpy(buffer, &head, sizeof head);
    memcpy(buffer + TOKEN_OFFSET, token, token_size);

    uint32_t size = RECORD_SIZE((uint32_t)token_size);
    uint32_t crc = ud_crc32(0, buffer, size - 4);
    memcpy(buffer + size - 4, &crc, sizeof crc);
    const ud_area_geometry_t *area = ud_port_area(port, UD_AREA_IDENTITY);
    for (; size % area->write_size_bytes != 0; size++) {
        buffer[size] = area->erased_value;
    }
    *save = (ud_identity_save_t){
        .size = (uint16_t)size,
        .copy = identity->generation > 0 && identity->copy == 0 ? 1 : 0,
    };
    return UD_OK;
}

/* One erase or program of the copy; `*whole` after the last one, when the copy reads back true. */
static ud_err_t save_copy_step(ud_port_t *port, const uint8_t *buffer, uint16_t size, uint8_t copy, uint32_t position,
                               bool *whole)
{
    uint32_t start = copy * copy_size(port);
    uint32_t sector_size = ud_port_area(port, UD_AREA_IDENTITY)->sector_size_bytes;
    uint32_t erases = (size + sector_size - 1) / sector_size;
    if (position < erases) {
        ud_port_watchdog_feed(port);
        return ud_port_flash_erase(port, UD_AREA_IDENTITY, start + position * sector_size);
    }
    uint32_t offset = (position - erases) * PIECE_SIZE;
    uint32_t piece = size - offset < PIECE_SIZE ? size - offset : PIECE_SIZE;
    UD_TRY(ud_port_flash_program(port, UD_AREA_IDENTITY, start + offset, buffer + offset, piece));

    uint8_t back[PIECE_SIZE];
    UD_TRY(ud_port_flash_read(port, UD_AREA_IDENTITY, start + offset, back, piece));
    UD_REQUIRE(memcmp(back, buffer + offset, piece) == 0, UD_ERR_FLASH_WRITE);
    *whole = offset + piece == size;
    return UD_OK;
}

ud_err_t ud_identity_save_step(ud_identity_t *identity, ud_port_t *port, const uint8_t *buffer,
                               ud_identity_save_t *save)
{
    bool whole = false;
    ud_err_t err = save_copy_step(port, buffer, save->size, save->copy, save->position, &whole);
    save->position++;
    if (err == UD_OK && !whole) {
        return UD_ERR_WOULD_BLOCK;
    }
    save->written = (uint8_t)(save->written + (err == UD_OK));
    save->position = 0;
    save->copy ^= 1;
    save->done++;
    if (save->done < COPIES) {
        return UD_ERR_WOULD_BLOCK;
    }
    err = ud_identity_open(identity, port);
    return save->written > 0 ? err : UD_ERR_FLASH_WRITE;
}
