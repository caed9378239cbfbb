/* Limits that device and server share. Each has a unit and a reason; tests stand at limit-1, limit and limit+1.
 * What only the server bounds is in server/domain/limits.h.
 */
#ifndef UD_BASE_LIMITS_H
#define UD_BASE_LIMITS_H

/* Bytes of a device id: a UUID (36), an IMEI (15) or a serial number fit; it appears in URLs, MQTT topics and JWTs. */
#define UD_DEVICE_ID_SIZE_MAX 64

/* Bytes of a hardware id, for example "acme-gw-r2"; stored in a protected TLV of each image. */
#define UD_HARDWARE_SIZE_MAX 32

/* Bytes of a version as text: "255.255.65535+4294967295" has 24. */
#define UD_VERSION_TEXT_SIZE_MAX 24

/* Bytes of a claim key or a one-time code as text. */
#define UD_CLAIM_KEY_SIZE_MAX 64

/* Bytes of a device token (ES256 JWT: header 36, claims up to about 200, signature 86). */
#define UD_TOKEN_SIZE_MAX 512

/* Bytes of an artifact or release-notes URL; a path on the same server has 78. */
#define UD_URL_SIZE_MAX 192

/* Bytes of a device message (CBOR): an offer with two RSA-3072 signatures and both addresses has 1480, with ECDSA it is
 * about 450. A CoAP block transfer or one MQTT packet.
 */
#define UD_MESSAGE_SIZE_MAX 1536

/* Bytes of a message that a device sends: a check-in has fewer than 400. */
#define UD_REQUEST_SIZE_MAX 1024

/* Bytes of a chunk's data in the chunk chain; a record adds the next record's SHA-256 in front. */
#define UD_CHUNK_SIZE_MIN 512
#define UD_CHUNK_SIZE_DEFAULT 4096
#define UD_CHUNK_SIZE_MAX 16384

/* Entries in an image's TLV areas together; imgtool writes fewer than 20. Bounds the parser's loop over foreign bytes. */
#define UD_IMAGE_TLVS_MAX 64

/* Dependencies of an image on others; a device has one to four images. */
#define UD_IMAGE_DEPENDENCIES_MAX 4

/* Keys that one image may revoke: more than a product trusts. */
#define UD_IMAGE_REVOKED_MAX 8

/* Keys that a device can trust: each has a bit of a word, where it is revoked. It trusts two or three. */
#define UD_TRUSTED_KEYS_MAX 32

/* Bytes of a SHA-256 and a SHA-512 digest. */
#define UD_SHA256_SIZE 32
#define UD_SHA512_SIZE 64

/* Bytes of a raw P-256 signature (r then s), public key (x then y), private key, and of a shared secret (x). */
#define UD_P256_SIGNATURE_SIZE 64
#define UD_P256_PUBLIC_KEY_SIZE 64
#define UD_P256_PRIVATE_KEY_SIZE 32
#define UD_P256_SECRET_SIZE 32

/* Bytes of an Ed25519 public key and signature. */
#define UD_ED25519_PUBLIC_KEY_SIZE 32
#define UD_ED25519_SIGNATURE_SIZE 64

/* Bytes of an RSA modulus, which are those of its signatures: 2048 and 3072 bits, and nothing else. */
#define UD_RSA_2048_SIZE 256
#define UD_RSA_3072_SIZE 384

/* Bytes of the longest raw signature of any scheme (core/image/scheme.h). */
#define UD_SIGNATURE_SIZE_MAX UD_RSA_3072_SIZE

/* Bytes of an AES block; keys have 16 (AES-128) or 32 (AES-256). */
#define UD_AES_BLOCK_SIZE 16

/* Bytes of one copy of a device's identity with the longest token, in words of any size (agent/identity.h). */
#define UD_IDENTITY_RECORD_SIZE_MAX 608

/* Bytes of a flash word that can be programmed at once: 1 (NOR) to 32 (STM32H7). */
#define UD_WRITE_SIZE_MAX 32

/* Bytes of the smallest unit of erase: a journal sector of 512 holds eight rows; external NOR goes up to 256 KB. */
#define UD_SECTOR_SIZE_MIN 512
#define UD_SECTOR_SIZE_MAX 262144

/* Bytes of an HTTP head, and headers in it: browsers send about 1 KB, a bearer token or a cookie adds half. */
#define UD_HTTP1_HEAD_SIZE_MAX 8192
#define UD_HTTP1_HEADER_COUNT_MAX 64

/* Bytes of one line of an HTTP head as a device reads it (no header it needs has more than 100; proxies add longer ones,
 * such as policies and cookies), and as the server does.
 */
#define UD_HTTP1_DEVICE_LINE_SIZE 512
#define UD_HTTP1_SERVER_LINE_SIZE 4096

/* Interim responses (1xx) before the final one: 100 and 103 once each are ordinary. */
#define UD_HTTP1_INTERIM_COUNT_MAX 4

_Static_assert(UD_CHUNK_SIZE_MIN <= UD_CHUNK_SIZE_DEFAULT && UD_CHUNK_SIZE_DEFAULT <= UD_CHUNK_SIZE_MAX,
               "chunk sizes are ordered");
_Static_assert(UD_CHUNK_SIZE_MIN % UD_WRITE_SIZE_MAX == 0, "a chunk ends on a word");

#endif
