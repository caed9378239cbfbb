#include "agent/identity.h"

#include "core/base/assert.h"
#include "core/base/crc32.h"

#include <string.h>

#define MAGIC 0x31444955u /* "UID1" */
#define COPIES 2

/* The beginning of a record as it is on flash; the token and a CRC-32 follow, and erased bytes up to a whole piece. */
typedef struct {
    uint32_t magic;
    uint32_t generation; /* 1 and up */
    uint16_t token_size; /* bytes */
    uint16_t zero;
    ud_identity_secrets_t secrets;
} record_t;

#define TOKEN_OFFSET ((uint32_t)sizeof(record_t))
#define RECORD_SIZE(token_size) (TOKEN_OFFSET + (token_size) + 4u)

/* Bytes read or programmed at once; a multiple of every write size. */
#define PIECE_SIZE 64

/* The CRC-32 of whatever has its own CRC-32 behind it. */
#define CRC_OF_WHOLE 0x2144DF1Cu

_Static_assert((RECORD_SIZE(UD_TOKEN_SIZE_MAX) + PIECE_SIZE - 1) / PIECE_SIZE * PIECE_SIZE <=
                   UD_IDENTITY_RECORD_SIZE_MAX,
               "the longest record fits its buffer, and half of the area (core/slot/slot.c)");
_Static_assert(offsetof(record_t, secrets.nonce) == 12 && offsetof(record_t, secrets.secret) == 28 &&
                   TOKEN_OFFSET == 60,
               "the layout on flash stays");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are used as they stand on flash");
_Static_assert(PIECE_SIZE % UD_WRITE_SIZE_MAX == 0 && UD_SECTOR_SIZE_MIN % PIECE_SIZE == 0,
               "a piece is whole words, a sector is whole pieces");

/* Where a copy begins: each has whole sectors, half of the area. */
static uint32_t copy_offset(const ud_port_t *port, uint8_t copy)
{
    const ud_area_geometry_t *area = ud_port_area(port, UD_AREA_IDENTITY);
    return copy * (area->size_bytes / COPIES & ~(area->sector_size_bytes - 1));
}

static ud_err_t read_copy(ud_port_t *port, uint8_t copy, uint32_t offset, void *data, size_t size)
{
    return ud_port_flash_read(port, UD_AREA_IDENTITY, copy_offset(port, copy) + offset, data, size);
}

/* Reads one copy whole; gives its generation, or 0 if it is no whole one, and what it begins with. Each byte is read once: a
 * word that a power cut tore may read differently the next time.
 */
static uint32_t read_whole(ud_port_t *port, uint8_t copy, record_t *head)
{
    uint8_t piece[PIECE_SIZE];
    if (read_copy(port, copy, 0, head, sizeof *head) != UD_OK || head->magic != MAGIC ||
        head->token_size > UD_TOKEN_SIZE_MAX) {
        return 0;
    }
    uint32_t crc = ud_crc32(0, head, sizeof *head);
    uint32_t size;
    for (uint32_t offset = TOKEN_OFFSET; offset < RECORD_SIZE(head->token_size); offset += size) {
        uint32_t left = RECORD_SIZE(head->token_size) - offset;
        size = left < PIECE_SIZE ? left : PIECE_SIZE;
        if (read_copy(port, copy, offset, piece, size) != UD_OK) {
            return 0;
        }
        crc = ud_crc32(crc, piece, size);
    }
    return crc == CRC_OF_WHOLE ? head->generation : 0;
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
ud_err_t ud_identity_secrets(const ud_identity_t *identity, ud_port_t *port, ud_identity_secrets_t *secrets)
{
    record_t head;
    UD_REQUIRE(identity->generation > 0, UD_ERR_NOT_FOUND);
    UD_REQUIRE(read_whole(port, identity->copy, &head) != 0 || read_whole(port, identity->copy ^ 1, &head) != 0,
               UD_ERR_FLASH_READ);
    *secrets = head.secrets;
    return UD_OK;
}

ud_err_t ud_identity_token(const ud_identity_t *identity, ud_port_t *port, char token[UD_TOKEN_SIZE_MAX + 1])
{
    UD_REQUIRE(identity->generation > 0, UD_ERR_NOT_FOUND);
    token[identity->token_size] = '\0';
    return read_copy(port, identity->copy, TOKEN_OFFSET, token, identity->token_size);
}

ud_err_t ud_identity_save_begin(const ud_identity_t *identity, ud_port_t *port, const char *token, void *buffer,
                                ud_identity_save_t *save)
{
    record_t *head = buffer;
    uint32_t token_size = (uint32_t)strlen(token);
    UD_REQUIRE(token_size <= UD_TOKEN_SIZE_MAX, UD_ERR_TOO_LARGE);
    memset(buffer, ud_port_area(port, UD_AREA_IDENTITY)->erased_value, UD_IDENTITY_RECORD_SIZE_MAX);
    head->magic = MAGIC;
    head->generation = identity->generation + 1;
    head->token_size = (uint16_t)token_size;
    head->zero = 0;
    UD_TRY(identity->generation > 0 ? ud_identity_secrets(identity, port, &head->secrets)
                                    : ud_port_random(port, &head->secrets, sizeof head->secrets));
    memcpy(head + 1, token, token_size);
    uint32_t crc = ud_crc32(0, head, TOKEN_OFFSET + token_size);
    memcpy((uint8_t *)(head + 1) + token_size, &crc, sizeof crc);
    *save = (ud_identity_save_t){
        .pieces = (uint8_t)((RECORD_SIZE(token_size) + PIECE_SIZE - 1) / PIECE_SIZE),
        .copy = identity->generation > 0 && identity->copy == 0 ? 1 : 0,
    };
    return UD_OK;
}

/* Programs a piece of a copy; the first one of a sector erases that. */
static ud_err_t write_piece(ud_port_t *port, uint32_t offset, const uint8_t *data)
{
    if ((offset & (ud_port_area(port, UD_AREA_IDENTITY)->sector_size_bytes - 1)) == 0) {
        ud_port_watchdog_feed(port);
        UD_TRY(ud_port_flash_erase(port, UD_AREA_IDENTITY, offset));
    }
    return ud_port_flash_program(port, UD_AREA_IDENTITY, offset, data, PIECE_SIZE);
}

ud_err_t ud_identity_save_step(ud_identity_t *identity, ud_port_t *port, const void *buffer, ud_identity_save_t *save)
{
    uint32_t offset = (uint32_t)save->written * PIECE_SIZE;
    ud_err_t err = write_piece(port, copy_offset(port, save->copy) + offset, (const uint8_t *)buffer + offset);
    save->written++;
    if (err != UD_OK || save->written == save->pieces) {
        save->written = 0;
        save->copy ^= 1;
        save->done++;
    }
    if (save->done < COPIES) {
        return UD_ERR_WOULD_BLOCK;
    }
    uint32_t before = identity->generation;
    err = ud_identity_open(identity, port);
    return identity->generation > before ? err : UD_ERR_FLASH_WRITE;
}
