/* Limits of the server only: value, unit, reason. What device and server share is in core/base/limits.h. */
#ifndef UD_DOMAIN_LIMITS_H
#define UD_DOMAIN_LIMITS_H

/* Bytes of a name that people give: group, key, claim key, account. Fits a table column. */
#define UD_NAME_SIZE_MAX 64

/* Bytes of a description, a reason or release notes. */
#define UD_TEXT_SIZE_MAX 4096

/* Batches of one rollout; more cannot be followed by eye. */
#define UD_BATCH_COUNT_MAX 20

/* Rows of one page; the portal's table asks for 50 to 200. And of one whose reader says no number. */
#define UD_PAGE_SIZE_MAX 200
#define UD_PAGE_SIZE_DEFAULT 50

/* Device rows that one live stream watches: what fits on a tall screen. */
#define UD_WATCH_COUNT_MAX 60

/* Chunk sizes for which a release is served; one chain file each (core/base/limits.h). */
#define UD_CHUNK_KIND_COUNT 4

/* Bytes of an uploaded image: gateways with a Linux beside their microcontrollers have images of some 300 MB. */
#define UD_UPLOAD_SIZE_MAX (512u * 1024u * 1024u)

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

/* Retries at least of a device that cancels by itself: after a halt that a person takes back at once, honest ones do.
 * With UD_RETRIES_MAX it bounds the executions of a device in a rollout: 11.
 */
#define UD_CANCEL_RETRIES_MIN 2u

/* Versions and hardware ids shown in a summary, and reasons in a rollout. */
#define UD_TOP_COUNT_MAX 20u

/* Events that a device's own reports may leave in a row, and seconds until it may leave one more. An update with all its
 * retries leaves fewer than 64. One a minute of 1.2 KB bounds what a device that invents versions can fill to 1.7 MB a day.
 */
#define UD_DEVICE_EVENT_COUNT_MAX 64u
#define UD_DEVICE_EVENT_PERIOD_S 60u

/* Seconds between two events about other secrets for the same lost identity: a person needs one to look at it. */
#define UD_IDENTITY_EVENT_PERIOD_S 3600u

/* Milliseconds that the wall clock may leap forwards and be believed at once: suspends, restarts and corrections of a
 * usual day; and how long a larger leap must stand first: longer than a glitch lasts. docs/rollouts.md.
 */
#define UD_CLOCK_LEAP_MS 86400000
#define UD_CLOCK_STAND_MS 3600000u

/* Bytes of a source address as text: IPv6, zone and port. */
#define UD_ADDRESS_TEXT_SIZE_MAX 80

/* ---- I/O and doors ---------------------------------------------------------------------------------------------------- */

/* I/O threads; more than the processors of any machine we know of this size of work. */
#define UD_IO_THREAD_COUNT_MAX 64

/* Bytes of arena of one exchange: texts of the request, the collected body, results of a command, a JSON answer. */
#define UD_EXCHANGE_ARENA_SIZE_MAX (4u * 1024u * 1024u)

/* Bytes of a stream's reply that wait for a slow reader. */
#define UD_EXCHANGE_PENDING_SIZE_MAX (256u * 1024u)

/* A body or reply that moves fewer bytes than this in the configured time holds a connection for nothing. */
#define UD_HTTP_STALL_SIZE 512

/* Parameters in a route's pattern, and bytes of a decoded one: longer than any id. */
#define UD_ROUTE_PARAM_COUNT_MAX 2
#define UD_ROUTE_PARAM_SIZE_MAX 255

/* Bytes of a device message as JSON: names and hex make it about three times as long as its CBOR. */
#define UD_MESSAGE_JSON_SIZE_MAX (4 * UD_MESSAGE_SIZE_MAX)

/* Commands that may wait for the engine: at 100 000 a second a tenth of a second of work. Beyond, callers are told. */
#define UD_ENGINE_QUEUE_COUNT_MAX 8192

/* Commands in one commit, and milliseconds the first of them waits at most for company. */
#define UD_ENGINE_BATCH_COUNT_MAX 4096
#define UD_ENGINE_WINDOW_MS 4

/* Jobs that may wait for a worker: one takes up to a second, so a longer queue would only let people wait in vain. */
#define UD_WORKER_QUEUE_COUNT_MAX 32

/* Seconds of the longest Retry-After that is drawn: as long as a short overload lasts. */
#define UD_PROBLEM_RETRY_S_MAX 30

/* Device tokens remembered as good, of all threads together: 2 MB. */
#define UD_TOKEN_CACHE_COUNT 16384

/* Files of a portal, and folders within each other: the built portal has about 60 files, two deep. */
#define UD_PORTAL_FILE_COUNT_MAX 1024
#define UD_PORTAL_DEPTH_MAX 4

/* Bytes of a line of the log, and of one value in it; what is longer is cut, so that no value drives others out. */
#define UD_LOG_LINE_SIZE_MAX 2048
#define UD_LOG_VALUE_SIZE_MAX 256

/* ---- operator door ---------------------------------------------------------------------------------------------------- */

/* Bytes of a JSON body: the largest fields, a public key and a description, fit many times. */
#define UD_OPERATOR_BODY_SIZE_MAX (64u * 1024u)

/* Bytes of a password; hashing takes as long for short ones. And the least of one that a person chooses: below, a list of
 * common ones is tried through in days.
 */
#define UD_PASSWORD_SIZE_MAX 256
#define UD_PASSWORD_SIZE_MIN 10

/* Bytes of a public key in PEM, of release notes in a query, and of an Idempotency-Key. */
#define UD_PEM_SIZE_MAX 4096
#define UD_NOTES_SIZE_MAX 1024
#define UD_IDEMPOTENCY_KEY_SIZE_MAX 64

/* Bytes of a release's or rollout's id: "F-7", "R-142". */
#define UD_SHORT_ID_SIZE_MAX 16

/* Seconds of a plan's soak and time-outs: a month. */
#define UD_PLAN_SECONDS_MAX 2592000u

/* Live streams at a time: each costs two small questions a second. */
#define UD_STREAM_COUNT_MAX 256u

/* Half seconds in a row that a reader of a stream may be too slow to take an event before it is cut off. */
#define UD_STREAM_SLOW_PERIODS_MAX 20u

/* Wrong passwords of an account from an address that cost nothing; from then on each doubles the wait, up to the second,
 * in milliseconds; after the third without a guess all are forgotten.
 */
#define UD_SIGN_IN_FREE_COUNT 5u
#define UD_SIGN_IN_WAIT_MS_MAX 300000u
#define UD_SIGN_IN_FORGET_MS 3600000u

/* Passwords that are checked or wait for it at a time: from one source (an IPv4 address, an IPv6 /64), which leaves room for
 * a person with two windows; for one account; and in all, as many as the queue of the worker takes.
 */
#define UD_SIGN_IN_SOURCE_COUNT_MAX 2u
#define UD_SIGN_IN_ACCOUNT_COUNT_MAX 8u
#define UD_SIGN_IN_COUNT_MAX UD_WORKER_QUEUE_COUNT_MAX

/* Pairs of account and address whose wrong passwords are remembered: 40 KB. */
#define UD_SIGN_IN_PAIR_COUNT 1024u

#endif
