#include "core/base/endian.h"
#include "core/crypto/crypto.h"

#include <string.h>

void ud_aes_ctr(const ud_aes_t *aes, uint32_t offset, void *data, size_t size)
{
    uint8_t *bytes = data;
    uint8_t stream[UD_AES_BLOCK_SIZE];
    for (size_t index = 0; index < size; index++, offset++) {
        if (index == 0 || offset % sizeof stream == 0) {
            memset(stream, 0, sizeof stream);
            ud_put_u32be(stream + sizeof stream - 4, offset / UD_AES_BLOCK_SIZE);
            ud_aes_encrypt(aes, stream);
        }
        bytes[index] ^= stream[offset % sizeof stream];
    }
}
