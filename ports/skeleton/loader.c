#include "ports/skeleton/loader.h"

enum { SOH = 0x01, EOT = 0x04, ACK = 0x06, NAK = 0x15, CAN = 0x18, WITH_CRC = 'C' };

#define BLOCK_SIZE 128u
#define CRC_POLYNOMIAL 0x1021u

/* Behind SOH: the block's number, from 1 on, and its complement, data, CRC. */
#define NUMBERS_SIZE 2u
#define REST_SIZE (NUMBERS_SIZE + BLOCK_SIZE + 2u)

#define WAIT_MS 1000
#define SILENCE_MS 20      /* between two transmissions */
#define TRIES_MAX 10       /* in a row without a new block */
#define JUNK_SIZE_MAX 1024 /* bytes that are passed over before the sender is asked again */

static uint16_t crc_of(const uint8_t *data, size_t size)
{
    uint32_t crc = 0;
    for (size_t index = 0; index < size; index++) {
        crc ^= (uint32_t)data[index] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ CRC_POLYNOMIAL : crc << 1;
        }
    }
    return (uint16_t)crc;
}

static void wait_for_silence(void)
{
    uint8_t byte;
    for (size_t count = 0; count < JUNK_SIZE_MAX && ud_skeleton_uart_get(&byte, SILENCE_MS); count++) {
    }
}

static bool receive(uint8_t rest[REST_SIZE])
{
    for (size_t index = 0; index < REST_SIZE; index++) {
        if (!ud_skeleton_uart_get(&rest[index], WAIT_MS)) {
            return false;
        }
    }
    const uint8_t *crc = rest + NUMBERS_SIZE + BLOCK_SIZE;
    return (rest[0] ^ rest[1]) == 0xFF && crc_of(rest + NUMBERS_SIZE, BLOCK_SIZE) == (crc[0] << 8 | crc[1]);
}

/* What does not fit is refused by the port, as each range outside an area. */
static ud_err_t write_block(ud_port_t *port, uint32_t offset, const uint8_t *data)
{
    const ud_area_geometry_t *area = ud_port_area(port, UD_AREA_SLOT_A);
    if (offset % area->sector_size_bytes == 0) {
        ud_port_watchdog_feed(port);
        UD_TRY(ud_port_flash_erase(port, UD_AREA_SLOT_A, offset));
    }
    return ud_port_flash_program(port, UD_AREA_SLOT_A, offset, data, BLOCK_SIZE);
}

/* Takes a block behind its SOH; `*count` are written. Returns what to answer. */
static uint8_t take_block(ud_port_t *port, uint32_t *count)
{
    uint8_t rest[REST_SIZE];
    if (!receive(rest)) {
        wait_for_silence();
        return NAK;
    }
    if (*count > 0 && rest[0] == (uint8_t)*count) {
        return ACK; /* the last one again: the answer to it was lost */
    }
    if (rest[0] != (uint8_t)(*count + 1) || write_block(port, *count * BLOCK_SIZE, rest + NUMBERS_SIZE) != UD_OK) {
        return CAN;
    }
    ++*count;
    return ACK;
}

bool ud_skeleton_load(ud_port_t *port)
{
    uint32_t count = 0;
    uint8_t answer = WITH_CRC;
    for (int tries = 0; tries < TRIES_MAX;) {
        uint8_t byte = 0;
        uint32_t before = count;
        ud_port_watchdog_feed(port);
        ud_skeleton_uart_put(answer);
        bool heard = ud_skeleton_uart_get(&byte, WAIT_MS);
        if (heard && byte == EOT && count > 0) {
            ud_skeleton_uart_put(ACK);
            return true;
        }
        if (heard && byte == SOH) {
            answer = take_block(port, &count);
        } else {
            wait_for_silence();
            answer = count == 0 ? WITH_CRC : NAK;
        }
        if (answer == CAN || (heard && byte == CAN)) {
            break;
        }
        tries = count > before ? 0 : tries + 1;
    }
    if (answer == CAN) {
        ud_skeleton_uart_put(CAN);
        ud_skeleton_uart_put(CAN);
    }
    return false;
}
