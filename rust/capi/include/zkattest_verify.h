/* libzkattest_verify: verifies proofs of zkVMs. Three answers: valid, invalid, could not check.
 *
 * Generated from rust/capi/src; do not edit. What to know besides: docs/operators/embedding.md.
 *
 * Null pointers, lengths of zero and lengths beyond any limit are answered, never followed. No panic
 * leaves a function. What is trusted is what C has to trust: that a pointer which is not null shows
 * as many bytes as its length says, and that a handle is open. A thread that calls needs 512 KiB of
 * stack.
 */

#ifndef ZKATTEST_VERIFY_H
#define ZKATTEST_VERIFY_H

#include <stddef.h>
#include <stdint.h>

// The proof is valid.
#define ZKATTEST_VALID 0

// The proof, a key or the values are refused; `word` is the reason.
#define ZKATTEST_INVALID 1

// Nothing can be said; `word` is the cause. Never a verdict on the proof.
#define ZKATTEST_CANNOT_CHECK 2

// Number of this interface; it changes when a program has to be compiled again.
#define ZKATTEST_ABI_VERSION 1

// Verifies proofs of one program.
//
// Threads: any number may use one handle at once, for nothing in it changes.
// Owner: whoever opened it; zkattest_verifier_free takes it back.
typedef struct zkattest_verifier zkattest_verifier;

// What a call found. Clear it with zkattest_result_clear before its memory is used again.
typedef struct zkattest_result {
  // ZKATTEST_VALID, ZKATTEST_INVALID or ZKATTEST_CANNOT_CHECK: what the call returned, too.
  int32_t answer;
  // One word for programs: a reason or a cause, "valid" else. Never null, never to be freed.
  const char *word;
  // One line for people, UTF-8; empty when there is nothing to say. Never null after a call.
  char *detail;
  // What the program put out, when a proof is valid; else null.
  uint8_t *public_values;
  // How many bytes that is.
  size_t public_values_length;
  // Nanoseconds spent on decoding a valid proof.
  uint64_t decode_ns;
  // Nanoseconds spent on everything after decoding.
  uint64_t verify_ns;
} zkattest_result;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Return the version of this library, like "0.1.0".
//
// Threads: from any, at once. Owner: the library, for as long as the program runs; never freed.
// Returns: never null.
const char *zkattest_version(void);

// Return ZKATTEST_ABI_VERSION of the library that is linked; compare it with the header's.
//
// Threads: from any, at once. Returns: a number from 1.
uint32_t zkattest_abi_version(void);

// Return the name of the proof system with this index.
//
// Threads: from any, at once. Owner: the library, for as long as the program runs; never freed.
// Returns: a string, or null for any index behind the last.
const char *zkattest_system_name(size_t index);

// Open a verifier for proofs of one program, and prepare its keys.
//
// `system` is one of the names that zkattest_system_name lists. `verifier_key` may be null: most
// systems bring theirs. What the pointers show is copied where it is kept.
//
// Threads: from any, at once, each with places of its own for `verifier` and `result`.
// Owner: the caller owns `*verifier` (zkattest_verifier_free) and what is written to `result`
// (zkattest_result_clear); `result` may be null. A result that is there is overwritten, not cleared.
// Returns: ZKATTEST_VALID, and `*verifier` is a handle; else `*verifier` is null:
// ZKATTEST_INVALID, a key is refused (`program_key_malformed`, ...); ZKATTEST_CANNOT_CHECK, the
// system is not known (`unsupported_proof_system`), a key is missing or of a version that is not
// known, or a pointer or a length is wrong (`misuse`).
//
// # Safety
// `system` ends with a zero byte; each other pointer is null or points to as many bytes as its
// length says; `verifier` and `result` are null or may be written to.
int32_t zkattest_verifier_open(const char *system,
                               const uint8_t *program_key,
                               size_t program_key_length,
                               const uint8_t *verifier_key,
                               size_t verifier_key_length,
                               struct zkattest_verifier **verifier,
                               struct zkattest_result *result);

// Verify a proof.
//
// `public_values` may be null where a proof carries its own; else the proof must commit to exactly
// these bytes. Null with length zero is "none given", a pointer with length zero "none put out".
// A proof longer than zkattest_verifier_max_proof_bytes is refused before a byte of it is read.
//
// Threads: from any, with one handle at once, each with a place of its own for `result`.
// Owner: inputs stay the caller's, and are not kept. The caller owns what is written to `result`
// (zkattest_result_clear); `result` may be null. A result that is there is overwritten, not cleared.
// Returns: ZKATTEST_VALID; ZKATTEST_INVALID, the proof or the values are refused; or
// ZKATTEST_CANNOT_CHECK, which says nothing about the proof: public values are missing, a version
// is not known, the verifier panicked (`backend_panic`), the process was forked from one that had
// verified proofs of `sp1` (`backend_unavailable`), a pointer or a length is wrong (`misuse`).
//
// # Safety
// `verifier` is null or an open handle; each other pointer is null or points to as many bytes as
// its length says; `result` is null or may be written to.
int32_t zkattest_verifier_verify(const struct zkattest_verifier *verifier,
                                 const uint8_t *proof,
                                 size_t proof_length,
                                 const uint8_t *public_values,
                                 size_t public_values_length,
                                 struct zkattest_result *result);

// Return how many bytes a proof may have.
//
// Threads: from any, with one handle at once. Returns: a number from 1; zero for null.
//
// # Safety
// `verifier` is null or an open handle.
size_t zkattest_verifier_max_proof_bytes(const struct zkattest_verifier *verifier);

// Return the version of the circuit that proofs are checked against.
//
// Threads: from any, with one handle at once. Owner: the handle, for as long as it is open.
// Returns: a string; null where `verifier` is null.
//
// # Safety
// `verifier` is null or an open handle.
const char *zkattest_verifier_circuit_version(const struct zkattest_verifier *verifier);

// Free a handle; null is no handle, and nothing happens.
//
// Threads: from any, once, and when no thread uses the handle any more. Owner: takes the handle.
//
// # Safety
// `verifier` is null or a handle that no thread uses any more, and not freed yet.
void zkattest_verifier_free(struct zkattest_verifier *verifier);

// Free what a result owns, and make it empty; null and an empty result are left alone.
//
// Threads: from any, at once for different results. Owner: `detail` and `public_values` are taken
// and become null; `answer` and `word` stay as they are.
//
// # Safety
// `result` is null, zeroed, or one that a call here has written and nobody has changed.
void zkattest_result_clear(struct zkattest_result *result);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* ZKATTEST_VERIFY_H */
