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

/* Devices of one fleet: four times the design's million; 1 GB of RAM. */
#define UD_DEVICE_COUNT_MAX 4000000u

/* Groups, keys, claim keys, accounts: lists that people keep by hand and read whole. */
#define UD_GROUP_COUNT_MAX 10000u
#define UD_KEY_COUNT_MAX 1000u
#define UD_ACCOUNT_COUNT_MAX 10000u

/* Sessions of people at a time; the oldest gives way. */
#define UD_SESSION_COUNT_MAX 10000u

/* Releases and rollouts in RAM: twenty years of one a day. */
#define UD_RELEASE_COUNT_MAX 8000u
#define UD_ROLLOUT_COUNT_MAX 8000u

/* Rollouts that are not completed at a time; each is looked at when a device changes. */
#define UD_ROLLOUT_ACTIVE_MAX 64u

/* Retries of a device in one rollout; api/device.cddl allows no more in a policy. */
#define UD_RETRIES_MAX 10u

/* Versions and hardware ids shown in a summary, and reasons in a rollout. */
#define UD_TOP_COUNT_MAX 20u

/* Bytes of a source address as text: IPv6, zone and port. */
#define UD_ADDRESS_TEXT_SIZE_MAX 80

#endif
