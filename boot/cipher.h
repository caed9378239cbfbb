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

/* The images of a swap: what ran before, and the new one. */
enum { UD_CIPHER_BEFORE, UD_CIPHER_NEW, UD_CIPHER_IMAGES };

struct ud_boot_cipher {
    /* As ud_image_verify(), encrypted images too; `plain`: the source gives their payload as plain text already. */
    ud_verdict_t (*verify)(const uint8_t *decryption_key, const ud_image_source_t *source, uint32_t room, bool plain,
                           const ud_trust_t *trust, ud_image_info_t *info, ud_err_t *reason);

    /* Fills in `filter` if the image is encrypted, calls `go`, and forgets the key. An image whose key does not unwrap is
     * left as it is. Stack: 600 bytes. Errors: UD_ERR_FLASH_READ (the image), those of `go`.
     */
    ud_err_t (*with_key)(const uint8_t *decryption_key, const ud_image_source_t *image, uint32_t room,
                         ud_copy_filter_t *filter, ud_err_t (*go)(void *context), void *context);

    /* The same for both images of a swap, wherever it stands. One that cannot be read is left as it is, unless it is the
     * one to run. Stack: 1 200 bytes.
     */
    ud_err_t (*with_both_keys)(const uint8_t *decryption_key, ud_port_t *port, const ud_slot_record_t *record,
                               ud_copy_filter_t filters[UD_CIPHER_IMAGES], ud_err_t (*go)(void *context),
                               void *context);
};

#endif
