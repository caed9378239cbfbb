/* Encrypted images, behind a constant that a product names in ud_boot_config_t.cipher: without it nothing of this is linked.
 *
 * An encrypted image is encrypted in slot B and plain in slot A, where it runs; its header and TLVs, the wrapped key among
 * them, are the same in both. So whatever is copied between the slots passes its own image's key stream, which is derived
 * anew at each start: no key is ever in the journal.
 */
#ifndef UD_BOOT_CIPHER_H
#define UD_BOOT_CIPHER_H

#include "boot/copy.h"
#include "core/image/image.h"
#include "include/updraft/boot.h"

/* Images that one move may be about. */
#define UD_CIPHER_IMAGES_MAX 2

struct ud_boot_cipher {
    /* As ud_image_verify(), encrypted images too; `plain`: the source gives their payload as plain text already. */
    ud_verdict_t (*verify)(const uint8_t *decryption_key, const ud_image_source_t *source, uint32_t room, bool plain,
                           const ud_trust_t *trust, ud_image_info_t *info, ud_err_t *reason);

    /* Fills in `filters` for images that are encrypted, leaves the others, calls `go`, and forgets the keys. An image that
     * cannot be read, or whose key does not unwrap, is left as it is, but for images[coming]: that is the one to run.
     * Stack: 600 bytes an image. Errors: UD_ERR_FLASH_READ (images[coming]), those of `go`.
     */
    ud_err_t (*with_keys)(const uint8_t *decryption_key, const ud_image_source_t *images, size_t count, size_t coming,
                          uint32_t room, ud_copy_filter_t *filters, ud_err_t (*go)(void *context), void *context);
};

#endif
