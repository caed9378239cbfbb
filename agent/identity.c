#include "agent/identity.h"

#include "core/base/assert.h"
#include "core/base/crc32.h"
#include "core/base/cursor.h"

#include <string.h>

#define MAGIC 0x31444955u /* "UID1" */
#define COPIES 2

/* magic, generation, token size, two zero bytes; then nonce, secret, token, CRC-32 */
#define HEAD_SIZE 12
#define NONCE_OFFSET HEAD_SIZE
#define SECRET_OFFSET (NONCE_OFFSET + UD_IDENTITY_NONCE_SIZE)
#define TOKEN_OFFSET (SECRET_OFFSET + UD_IDENTITY_SECRET_SIZE)
#define RECORD_SIZE(token_size) (TOKEN_OFFSET + (token_size) + 4u)

/* Bytes read or programmed at once; a multiple of every write size. */
#define PIECE_SIZE 64

_Static_assert(RECORD_SIZE(UD_TOKEN_SIZE_MAX) + UD_WRITE_SIZE_MAX - 1 <= UD_IDENTITY_RECORD_SIZE_MAX,
               "the longest record fits its buffer");
_Static_assert(PIECE_SIZE % UD_WRITE_SIZE_MAX == 0, "a piece is whole words");

typedef struct {
    uint32_t generation;
    uint16_t token_size;
} head_t;

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

/* Reads one copy whole and checks it. */
static ud_err_t check_copy(ud_port_t *port, uint8_t copy, head_t *head)
{
    uint8_t piece[PIECE_SIZE];
    UD_TRY(read_copy(port, copy, 0, piece, HEAD_SIZE));
    ud_reader_t reader = ud_reader(piece, HEAD_SIZE);
    uint32_t magic = ud_reader_get_u32le(&reader);
    uint32_t generation = ud_reader_get_u32le(&reader);
    uint16_t token_size = ud_reader_get_u16le(&reader);
    UD_REQUIRE(magic == MAGIC && generation > 0 && token_size <= UD_TOKEN_SIZE_MAX, UD_ERR_NOT_FOUND);
    UD_REQUIRE(RECORD_SIZE(token_size) <= copy_size(port), UD_ERR_NOT_FOUND);

    uint32_t end = RECORD_SIZE(token_size) - 4;
    uint32_t crc = 0;
    for (uint32_t offset = 0; offset < end; offset += PIECE_SIZE) {
        uint32_t size = end - offset < PIECE_SIZE ? end - offset : PIECE_SIZE;
        UD_TRY(read_copy(port, copy, offset, piece, size));
        crc = ud_crc32(crc, piece, size);
    }
    UD_TRY(read_copy(port, copy, end, piece, 4));
    reader = ud_reader(piece, 4);
    UD_REQUIRE(ud_reader_get_u32le(&reader) == crc, UD_ERR_NOT_FOUND);
    *head = (head_t){generation, token_size};
    return UD_OK;
}

ud_err_t ud_identity_open(ud_identity_t *identity, ud_port_t *port)
{
    *identity = (ud_identity_t){0};
    for (uint8_t copy = 0; copy < COPIES; copy++) {
        head_t head;
        if (check_copy(port, copy, &head) != UD_OK) {
            identity->worn = true;
        } else if (head.generation > identity->generation) {
            identity->worn = identity->worn || identity->generation > 0;
            identity->generation = head.generation;
            identity->token_size = head.token_size;
            identity->copy = copy;
        } else {
            identity->worn = identity->worn || head.generation < identity->generation;
        }
    }
    return identity->generation > 0 ? UD_OK : UD_ERR_NOT_FOUND;
}

ud_err_t ud_identity_secrets(const ud_identity_t *identity, ud_port_t *port, uint8_t nonce[UD_IDENTITY_NONCE_SIZE],
                             uint8_t secret[UD_IDENTITY_SECRET_SIZE])
{
    UD_REQUIRE(identity->generation > 0, UD_ERR_NOT_FOUND);
    UD_TRY(read_copy(port, identity->copy, NONCE_OFFSET, nonce, UD_IDENTITY_NONCE_SIZE));
    return read_copy(port, identity->copy, SECRET_OFFSET, secret, UD_IDENTITY_SECRET_SIZE);
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
    size_t token_size = strlen(token);
    UD_REQUIRE(token_size <= UD_TOKEN_SIZE_MAX && RECORD_SIZE(token_size) <= copy_size(port), UD_ERR_TOO_LARGE);
    if (identity->generation > 0) {
        UD_TRY(ud_identity_secrets(identity, port, buffer + NONCE_OFFSET, buffer + SECRET_OFFSET));
    } else {
        UD_TRY(ud_port_random(port, buffer + NONCE_OFFSET, UD_IDENTITY_NONCE_SIZE + UD_IDENTITY_SECRET_SIZE));
    }
    ud_writer_t head = ud_writer(buffer, HEAD_SIZE);
    ud_writer_put_u32le(&head, MAGIC);
    ud_writer_put_u32le(&head, identity->generation + 1);
    ud_writer_put_u16le(&head, (uint16_t)token_size);
    ud_writer_put_u16le(&head, 0);
    memcpy(buffer + TOKEN_OFFSET, token, token_size);

    ud_writer_t tail = ud_writer(buffer + TOKEN_OFFSET + token_size, 4 + UD_WRITE_SIZE_MAX);
    ud_writer_put_u32le(&tail, ud_crc32(0, buffer, TOKEN_OFFSET + token_size));
    const ud_area_geometry_t *area = ud_port_area(port, UD_AREA_IDENTITY);
    uint32_t word = area->write_size_bytes;
    uint32_t size = RECORD_SIZE((uint32_t)token_size);
    uint32_t padding = (word - size % word) % word;
    ud_writer_fill(&tail, area->erased_value, padding);
    *save = (ud_identity_save_t){
        .size = (uint16_t)(size + padding),
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
