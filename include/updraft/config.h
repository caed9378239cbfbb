/* Defaults of the agent, for fields of ud_agent_config_t that are 0; each with unit and reason. */
#ifndef UPDRAFT_CONFIG_H
#define UPDRAFT_CONFIG_H

/* Seconds between check-ins until the server names an interval. */
#define UD_AGENT_CHECKIN_INTERVAL_S 900

/* Milliseconds of the first backoff and of the longest: a fleet that lost its server comes back spread over an hour at
 * most, a single lost packet costs a second.
 */
#define UD_AGENT_RETRY_BASE_MS 2000
#define UD_AGENT_RETRY_MAX_MS 3600000

/* Milliseconds without a byte until a stream counts as broken; slow cellular links pause for ten seconds and more. */
#define UD_AGENT_ANSWER_TIMEOUT_MS 30000

/* Time limit of a whole answer, or of one record of a download, as a multiple of the above: a server that drips, or whose
 * answer has no end, holds the device for so long at most. With it a record of 4 KB needs 14 bytes a second.
 */
#define UD_AGENT_ANSWER_TIMEOUTS 10

/* Longest sleep in seconds that a server may ask for, as the time of the next check-in or as Retry-After: a week. A wrong
 * number must not silence a fleet for good.
 */
#define UD_AGENT_SLEEP_MAX_S 604800

/* Seconds of uptime on trial without an answer of the server until the image before comes back. */
#define UD_AGENT_CONTACT_TIMEOUT_S 86400

/* Progress reports: milliseconds, and percent of the download. A report pauses the stream for one exchange. */
#define UD_AGENT_REPORT_INTERVAL_MS 5000
#define UD_AGENT_REPORT_STEP_PERCENT 10

/* Failures of a download without a new record in between until it is reported as failed. */
#define UD_AGENT_DOWNLOAD_RETRIES 8

/* Milliseconds until a hook that said no is asked again. */
#define UD_AGENT_ASK_INTERVAL_MS 10000

/* Milliseconds after which a staged update asks the server once more before it installs: a halt or a revoked release
 * reaches waiting devices too.
 */
#define UD_AGENT_OFFER_FRESH_MS 3600000

/* Seconds a retired device waits until it tries to register again: an operator may have changed their mind. */
#define UD_AGENT_RETIRED_INTERVAL_S 86400

/* Sequence numbers of reports reserved in the journal at once; a reset skips what is left of them. */
#define UD_AGENT_SEQUENCE_BLOCK 64

/* How often a server may have flash written (agent/budget.h): so many at once, then one in so many milliseconds. A save of
 * the identity erases two sectors, an accepted offer the spare slot: at 32 of either a day, flash of 10 000 erases lasts
 * ten months under a server that does nothing else; a token's usual life is a week. A check-in costs the journal next to
 * nothing, but not at the speed of a server that gives cause for the next one with each answer.
 */
#define UD_AGENT_SAVES_MAX 8
#define UD_AGENT_SAVE_PERIOD_MS 3600000
#define UD_AGENT_OFFERS_MAX 8
#define UD_AGENT_OFFER_PERIOD_MS 3600000
#define UD_AGENT_CHECKINS_MAX 64
#define UD_AGENT_CHECKIN_PERIOD_MS 1000

/* Bytes programmed into the spare slot in one step; a multiple of every write size. */
#define UD_AGENT_PAGE_SIZE 256

/* Erases of the same sector in a row before it counts as broken. */
#define UD_AGENT_SECTOR_RETRIES 3

/* Bytes of buffer that an exchange of messages needs: head with token and body, or answer and its decoded form. An answer
 * has all that its decoded form leaves, at least so many bytes: an offer with two RSA-3072 signatures, no longer an address
 * than one on the same server. Longer ones need a larger buffer, as for chunks of 4096 bytes.
 */
#define UD_AGENT_MESSAGE_BUFFER_SIZE 2688
#define UD_AGENT_ANSWER_SIZE_MIN 1200

#endif
