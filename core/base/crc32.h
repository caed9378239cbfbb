/* CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320): finds accidents, never attackers. Bit by bit: a table would be faster,
 * and larger than the code.
 */
#ifndef UD_BASE_CRC32_H
#define UD_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Continues a CRC over `size` bytes at `data`. Begin with `crc` 0 and pass each result on:
 * ud_crc32(ud_crc32(0, a, n), b, m) equals the CRC of a followed by b. "123456789" gives 0xCBF43926.
 */
uint32_t ud_crc32(uint32_t crc, const void *data, size_t size);

#endif
