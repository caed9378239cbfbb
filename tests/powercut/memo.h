/* What makes a hundred million starts affordable, and the same each time. */
#ifndef UD_TESTS_POWERCUT_MEMO_H
#define UD_TESTS_POWERCUT_MEMO_H

/* From now on OpenSSL draws from a fixed generator: the same test keys and signatures in each run, so that flash contents,
 * and what is chosen by their hash, are the same too.
 *
 * Linking memo.c (with --wrap=ud_ecdsa_p256_verify) besides keeps the verdict of each (key, digest, signature): the real
 * verification runs once for each, and a start costs reading and hashing only.
 */
void powercut_be_repeatable(void);

#endif
