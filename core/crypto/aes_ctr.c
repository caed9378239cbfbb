#include "core/base/endian.h"
#include "core/crypto/crypto.h"

#include <string.h>

void ud_aes_ctr(const ud_aes_t *aes, uint32_t block, void *data, size_t size)
{
    uint8_t *bytes = data;
    uint8_t stream[UD_AES_BLOCK_SIZE];
    for (size_t index = 0; index < size; index++) {
        size_t in_block = index % sizeof stream;
        if (in_block == 0) {
            memset(stream, 0, sizeof stream);
            ud_put_u32be(stream + sizeof stream - 4, block++);
            ud_aes_encrypt(aes, stream);
        }
        bytes[index] ^= stream[in_block];
    }
}
