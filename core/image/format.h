/* Numbers of the image format that reader (image.c) and writer (sign.c) share, and who shows TLVs to people; not for anybody
 * else.
 */
#ifndef UD_IMAGE_FORMAT_H
#define UD_IMAGE_FORMAT_H

#define UD_IMAGE_TLV_INFO_MAGIC 0x6907
#define UD_IMAGE_TLV_PROTECTED_INFO_MAGIC 0x6908

/* Bytes of the head of an area (magic, size) and of an entry (type, size). */
#define UD_IMAGE_TLV_HEAD_SIZE 4

#define UD_IMAGE_TLV_KEY_HASH 0x0001
#define UD_IMAGE_TLV_PUBLIC_KEY 0x0002
#define UD_IMAGE_TLV_SHA256 0x0010
#define UD_IMAGE_TLV_SHA384 0x0011
#define UD_IMAGE_TLV_SHA512 0x0012
#define UD_IMAGE_TLV_RSA_2048 0x0020
#define UD_IMAGE_TLV_ECDSA 0x0022
#define UD_IMAGE_TLV_RSA_3072 0x0023
#define UD_IMAGE_TLV_ED25519 0x0024
#define UD_IMAGE_TLV_PURE 0x0025
#define UD_IMAGE_TLV_ENC_FIRST 0x0030
#define UD_IMAGE_TLV_ECIES_P256 0x0032
#define UD_IMAGE_TLV_ENC_LAST 0x0034
#define UD_IMAGE_TLV_DEPENDENCY 0x0040
#define UD_IMAGE_TLV_SECURITY_COUNTER 0x0050

/* Our own: the hardware id. Vendors have all types with a low byte of A0 to FF; 'U' above keeps clear of 0x00A0, which
 * people take first for TLVs of their own. imgtool makes the same entry with --custom-tlv 0x55A0 ID.
 */
#define UD_IMAGE_TLV_HARDWARE 0x55A0

/* Our own: key hashes (SHA-256) of keys that are no longer to be believed, one behind the other. imgtool makes the same
 * entry with --custom-tlv 0x55A1 0xHASH...
 */
#define UD_IMAGE_TLV_REVOKED 0x55A1

/* Kept free, in no image yet: members of a set of images, and what an image of a bootloader says of itself
 * (docs/decisions/0011-two-images-one-commit.md, 0012-bootloader-update.md).
 */
#define UD_IMAGE_TLV_SET 0x55A2
#define UD_IMAGE_TLV_BOOTLOADER 0x55A3

#define UD_IMAGE_DEPENDENCY_SIZE 12

/* Bytes of the value in an ECDSA TLV: two INTEGERs of one byte, to P-384 at its longest. */
#define UD_IMAGE_ECDSA_SIZE_MIN 8
#define UD_IMAGE_ECDSA_SIZE_MAX 104

/* Public keys in DER, as images name them: these bytes, then the raw key (RFC 5480, RFC 8410). RSA is PKCS#1. */
#define UD_IMAGE_SPKI_P256                                                               \
    {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, \
     0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04}
#define UD_IMAGE_SPKI_P384                                                   \
    {0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, \
     0x01, 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00, 0x04}
#define UD_IMAGE_SPKI_ED25519 {0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00}

/* Bytes of a full public key in DER: RSA-3072 in PKCS#1 has 398. */
#define UD_IMAGE_PUBLIC_KEY_SIZE_MAX 512

#endif
