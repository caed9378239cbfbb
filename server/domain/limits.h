/* Limits of the server only: value, unit, reason. What device and server share is in core/base/limits.h. */
#ifndef UD_DOMAIN_LIMITS_H
#define UD_DOMAIN_LIMITS_H

/* Bytes of a name that people give: group, key, claim key, account. Fits a table column. */
#define UD_NAME_SIZE_MAX 64

/* Bytes of a description, a reason or release notes. */
#define UD_TEXT_SIZE_MAX 4096

/* Batches of one rollout; more cannot be followed by eye. */
#define UD_BATCH_COUNT_MAX 20

/* Rows of one page; the portal's table asks for 50 to 200. */
#define UD_PAGE_SIZE_MAX 200

/* Device rows that one live stream watches: what fits on a tall screen. */
#define UD_WATCH_COUNT_MAX 60

/* Chunk sizes for which a release is served; one chain file each (core/base/limits.h). */
#define UD_CHUNK_KIND_COUNT 4

/* Bytes of an uploaded image: the largest external flash of the boards we know holds 64 MB. */
#define UD_UPLOAD_SIZE_MAX (64u * 1024u * 1024u)

#endif
