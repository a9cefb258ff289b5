/*
 * bench_crl.c - loading a large CRL whose entries have reason codes, beside `openssl crl` in the
 * same run.
 *
 *      bench-crl [ENTRIES...]      default 100000 1000000
 *
 * Both are whole processes, turn by turn; medians. Memory is the peak above the file's size.
 */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "support/pki.h"
#include "tls/crl.h"

#define ROUNDS 5
#define LOOKUPS 100000

struct measurement {
    double seconds;
    double megabytes; /* peak of the whole process */
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int compare_numbers(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, compare_numbers);
    return values[ROUNDS / 2];
}

/* Serials of 16 random bytes, every reason in turn, as public CAs' CRLs have them. */
static bool write_crl(const char *path, size_t entries)
{
    static const int reasons[] = {1, 3, 4, 5, 9};
    struct pki_certificate *issuer =
        pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    struct pki_revoked *revoked = calloc(entries, sizeof *revoked);
    char(*serials)[33] = malloc(entries * sizeof *serials);
    struct buffer crl = {0};
    bool is_written = issuer != NULL && revoked != NULL && serials != NULL;
    for (size_t i = 0; is_written && i < entries; i++) {
        unsigned char bytes[16];
        gnutls_rnd(GNUTLS_RND_NONCE, bytes, sizeof bytes);
        bytes[0] &= 0x7f;
        for (size_t j = 0; j < sizeof bytes; j++)
            snprintf(serials[i] + 2 * j, 3, "%02x", bytes[j] | (j == 0));
        revoked[i] = (struct pki_revoked){.serial = serials[i], .reason = reasons[i % 5]};
    }
    is_written = is_written &&
                 pki_crl(&(struct pki_crl_spec){.issuer = issuer,
                                                .revoked = revoked,
                                                .revoked_count = entries,
                                                .number = 1},
                         &crl) &&
                 pki_write_crl_der(path, &crl);
    buffer_free(&crl);
    free(serials);
    free(revoked);
    pki_free(&issuer);
    return is_written;
}

/* The process that is measured: reads the file and its CRL, and nothing else. */
static int load(const char *path)
{
    struct option option = {.value = (char *)path, .keyword = "bench", .source = (char *)"bench"};
    struct file_content content;
    struct crl_set set = {0};
    struct error error = {0};
    bool is_read = file_read(&option, &content, &error) &&
                   crl_set_take(&set, &content.bytes, content.size, path, &error);
    if (!is_read)
        fprintf(stderr, "%s\n", error.text);
    return is_read ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool run(char *const *arguments, struct measurement *measurement_out)
{
    struct rusage usage;
    int status = 0;
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(arguments[0], arguments);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return false;
    measurement_out->seconds = now() - start;
    measurement_out->megabytes = (double)usage.ru_maxrss / 1024;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool run_rounds(char *const *ours, char *const *theirs, struct measurement *ours_out,
                       struct measurement *theirs_out)
{
    double seconds[2][ROUNDS], megabytes[2][ROUNDS];
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct measurement a, b;
        if (!run(ours, &a) || !run(theirs, &b))
            return false;
        seconds[0][i] = a.seconds;
        seconds[1][i] = b.seconds;
        megabytes[0][i] = a.megabytes;
        megabytes[1][i] = b.megabytes;
    }
    *ours_out = (struct measurement){median(seconds[0]), median(megabytes[0])};
    *theirs_out = (struct measurement){median(seconds[1]), median(megabytes[1])};
    return true;
}

/* What a connection pays: a serial that is not listed. */
static double time_lookups(const char *path)
{
    struct option option = {.value = (char *)path, .keyword = "bench", .source = (char *)"bench"};
    struct file_content content;
    struct crl_set set = {0};
    struct error error = {0};
    unsigned char serial[16] = {0x11};
    if (!file_read(&option, &content, &error) ||
        !crl_set_take(&set, &content.bytes, content.size, path, &error))
        return -1;
    double start = now();
    unsigned found = 0;
    for (unsigned i = 0; i < LOOKUPS; i++) {
        memcpy(serial + 12, &i, sizeof i);
        found += crl_find(set.items[0], serial, sizeof serial, NULL);
    }
    double seconds = now() - start;
    crl_set_free(&set);
    file_content_free(&content);
    return found == LOOKUPS ? -1 : seconds / LOOKUPS;
}

static bool measure(const char *path, size_t entries)
{
    struct file_identity identity;
    struct measurement ours, theirs, empty;
    char *load_arguments[] = {(char *)"/proc/self/exe", (char *)"--load", (char *)path, NULL};
    char *nothing[] = {(char *)"/proc/self/exe", (char *)"--nothing", NULL};
    char *openssl[] = {(char *)"openssl", (char *)"crl", (char *)"-inform", (char *)"DER",
                       (char *)"-in",     (char *)path,  (char *)"-noout",  NULL};
    if (!write_crl(path, entries) || !file_identify(path, &identity) || !run(nothing, &empty) ||
        !run_rounds(load_arguments, openssl, &ours, &theirs)) {
        fprintf(stderr, "bench-crl: cannot be measured (is openssl installed?)\n");
        return false;
    }
    double size = (double)identity.size / (1024 * 1024);
    printf("%8zu entries, %6.1f MB: odbcssl %.3f s, %6.1f MB above the file (%.1f MB of them an "
           "empty process); openssl %.3f s, %6.1f MB; ratio of time %.2f; lookup %.2f us\n",
           entries, size, ours.seconds, ours.megabytes - size, empty.megabytes, theirs.seconds,
           theirs.megabytes - size, ours.seconds / theirs.seconds, time_lookups(path) * 1e6);
    return true;
}

int main(int argc, char **argv)
{
    static char *defaults[] = {(char *)"100000", (char *)"1000000"};
    if (argc == 3 && strcmp(argv[1], "--load") == 0)
        return load(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--nothing") == 0)
        return EXIT_SUCCESS;
    char *folder = pki_temp_dir();
    char *path = folder != NULL ? pki_path(folder, "large.crl") : NULL;
    char **counts = argc > 1 ? argv + 1 : defaults;
    int count = argc > 1 ? argc - 1 : 2;
    bool is_measured = path != NULL;
    for (int i = 0; is_measured && i < count; i++)
        is_measured = measure(path, strtoul(counts[i], NULL, 10));
    free(path);
    pki_temp_dir_remove(&folder);
    return is_measured ? EXIT_SUCCESS : EXIT_FAILURE;
}
