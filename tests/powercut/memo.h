/* What makes a hundred million starts affordable, and the same each time. */
#ifndef UD_TESTS_POWERCUT_MEMO_H
#define UD_TESTS_POWERCUT_MEMO_H

/* From now on OpenSSL draws from a fixed generator: the same test keys and signatures in each run, so that flash contents,
 * and what is chosen by their hash, are the same too.
 *
 * Linking memo.c (with --wrap=ud_ecdsa_p256_verify and --wrap=ud_ecdh_p256) besides keeps what these said of each question, which
 * is all that they depend on: the real ones run once for each, and a start costs reading and hashing only.
 */
void powercut_be_repeatable(void);

#endif
