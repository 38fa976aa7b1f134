/* Verify one proof, in as many threads as wanted, and answer with 0 valid, 1 invalid, 2 not checked.
 *
 *   verify SYSTEM PROGRAM_KEY PROOF [--public-values FILE] [--verifier-key FILE] [--threads N]
 *
 * All keys and values are files of raw bytes. `make embed` builds the library; then
 *   cc -Idist/embed/include verify.c -Ldist/embed/lib -lzkattest_verify -pthread -o verify
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zkattest_verify.h"

/* Half a mebibyte of stack is enough for every system; some C libraries give threads less. */
enum { MAX_THREADS = 64, MAX_FILE_BYTES = 8 << 20, STACK_BYTES = 512 << 10 };

/* Bytes of a file; `bytes` is null when no file was named. */
struct blob {
    uint8_t *bytes;
    size_t length;
};

/* What every thread does: verify the same proof with the same handle. */
struct work {
    const zkattest_verifier *verifier;
    struct blob proof, public_values;
    zkattest_result result;
};

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "verify: %s: %s\n", what, detail);
    exit(ZKATTEST_CANNOT_CHECK);
}

static struct blob read_file(const char *path) {
    struct blob blob = {malloc(MAX_FILE_BYTES), 0};
    FILE *file = fopen(path, "rb");
    if (blob.bytes == NULL || file == NULL)
        fail(path, "cannot be read");
    blob.length = fread(blob.bytes, 1, MAX_FILE_BYTES, file);
    if (ferror(file) || !feof(file))
        fail(path, "cannot be read, or is too long");
    fclose(file);
    return blob;
}

static void *verify(void *argument) {
    struct work *work = argument;
    zkattest_verifier_verify(work->verifier, work->proof.bytes, work->proof.length,
                             work->public_values.bytes, work->public_values.length, &work->result);
    return NULL;
}

/* Print an answer in one line, as the threads' results must agree on it. */
static void print_result(const zkattest_result *result) {
    if (result->answer != ZKATTEST_VALID) {
        printf("%s %s: %s\n", result->answer == ZKATTEST_INVALID ? "invalid" : "not checked",
               result->word, result->detail);
        return;
    }
    printf("valid ");
    for (size_t at = 0; at < result->public_values_length; at++)
        printf("%02x", result->public_values[at]);
    printf("\n");
}

static int same(const zkattest_result *one, const zkattest_result *other) {
    return one->answer == other->answer && one->word == other->word &&
           strcmp(one->detail, other->detail) == 0 &&
           one->public_values_length == other->public_values_length &&
           (one->public_values_length == 0 ||
            memcmp(one->public_values, other->public_values, one->public_values_length) == 0);
}

/* Verify in `count` threads at once, and return the answer that they agree on. */
static int verify_in_threads(struct work *work, size_t count) {
    pthread_t threads[MAX_THREADS];
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, STACK_BYTES) != 0)
        fail("pthread_attr_setstacksize", "no stack of this size");
    for (size_t at = 0; at < count; at++)
        if (pthread_create(&threads[at], &attributes, verify, &work[at]) != 0)
            fail("pthread_create", "no thread");
    pthread_attr_destroy(&attributes);
    for (size_t at = 0; at < count; at++)
        pthread_join(threads[at], NULL);
    int answer = work[0].result.answer;
    print_result(&work[0].result);
    for (size_t at = 0; at < count; at++)
        if (!same(&work[0].result, &work[at].result))
            fail("threads", "they do not agree");
    for (size_t at = 0; at < count; at++)
        zkattest_result_clear(&work[at].result);
    return answer;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--systems") == 0) {
        const char *name;
        for (size_t at = 0; (name = zkattest_system_name(at)) != NULL; at++)
            printf("%s\n", name);
        return 0;
    }
    if (argc < 4 || argc % 2 != 0)
        fail("usage", "verify SYSTEM PROGRAM_KEY PROOF [--public-values FILE] "
                      "[--verifier-key FILE] [--threads N]");
    if (zkattest_abi_version() != ZKATTEST_ABI_VERSION)
        fail("library", "another version than the header's");
    struct blob public_values = {NULL, 0}, verifier_key = {NULL, 0};
    size_t count = 1;
    for (int at = 4; at < argc; at += 2) {
        if (strcmp(argv[at], "--public-values") == 0)
            public_values = read_file(argv[at + 1]);
        else if (strcmp(argv[at], "--verifier-key") == 0)
            verifier_key = read_file(argv[at + 1]);
        else if (strcmp(argv[at], "--threads") == 0)
            count = strtoul(argv[at + 1], NULL, 10);
        else
            fail("unknown option", argv[at]);
    }
    if (count < 1 || count > MAX_THREADS)
        fail("--threads", "from 1 to 64");

    struct blob program_key = read_file(argv[2]), proof = read_file(argv[3]);
    zkattest_verifier *verifier;
    zkattest_result opened;
    int answer = zkattest_verifier_open(argv[1], program_key.bytes, program_key.length,
                                        verifier_key.bytes, verifier_key.length, &verifier, &opened);
    if (answer != ZKATTEST_VALID)
        print_result(&opened);
    zkattest_result_clear(&opened);
    if (answer == ZKATTEST_VALID) {
        struct work work[MAX_THREADS];
        for (size_t at = 0; at < count; at++)
            work[at] = (struct work){verifier, proof, public_values, {0}};
        answer = verify_in_threads(work, count);
    }
    zkattest_verifier_free(verifier);
    free(program_key.bytes);
    free(proof.bytes);
    free(public_values.bytes);
    free(verifier_key.bytes);
    return answer;
}
