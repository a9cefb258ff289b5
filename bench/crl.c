/*
 * crl.c - large CRLs whose entries have reason codes, as public CAs' have them, and loading one
 * beside `openssl crl`: whole processes, turn by turn.
 */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "bench.h"
#include "support/pki.h"
#include "tls/crl.h"

struct measurement {
    double seconds;
    double megabytes; /* peak of the whole process */
};

bool crl_write(const char *path, const struct pki_certificate *issuer, size_t entries, bool is_pem)
{
    static const int reasons[] = {1, 3, 4, 5, 9};
    struct pki_revoked *revoked = calloc(entries + 1, sizeof *revoked);
    char(*serials)[33] = malloc((entries + 1) * sizeof *serials);
    struct buffer crl = {0};
    bool is_written = revoked != NULL && serials != NULL;
    for (size_t i = 0; is_written && i < entries; i++) {
        unsigned char bytes[16];
        gnutls_rnd(GNUTLS_RND_NONCE, bytes, sizeof bytes);
        bytes[0] &= 0x7f;
        for (size_t j = 0; j < sizeof bytes; j++)
            snprintf(serials[i] + 2 * j, 3, "%02x", bytes[j] | (j == 0));
        revoked[i] = (struct pki_revoked){.serial = serials[i], .reason = reasons[i % 5]};
    }
    is_written = is_written &&
                 pki_crl(&(struct pki_crl_spec){.issuer = (struct pki_certificate *)issuer,
                                                .revoked = revoked,
                                                .revoked_count = entries,
                                                .number = 1},
                         &crl) &&
                 (is_pem ? pki_write_crl_pem(path, &crl) : pki_write_crl_der(path, &crl));
    buffer_free(&crl);
    free(serials);
    free(revoked);
    return is_written;
}

int crl_load(const char *path)
{
    struct option option = {.value = (char *)path, .keyword = "bench", .source = (char *)"bench"};
    struct file_content content;
    struct crl_set set = {0};
    struct error error = {0};
    bool is_read = file_read(&option, &content, &error) &&
                   crl_set_read(&set, &content.bytes, content.size, path, &error);
    if (!is_read)
        fprintf(stderr, "%s\n", error.text);
    return is_read ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool run(const char *const *arguments, struct measurement *measurement_out)
{
    struct rusage usage;
    int status = 0;
    double start = measure_now();
    pid_t child = fork();
    if (child == 0) {
        execvp(arguments[0], (char *const *)arguments);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child)
        return false;
    measurement_out->seconds = measure_now() - start;
    measurement_out->megabytes = (double)usage.ru_maxrss / 1024;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool crl_measure(const char *self, const char *folder, size_t entries, unsigned rounds)
{
    double seconds[2][BENCH_ROUNDS], megabytes[2][BENCH_ROUNDS];
    struct file_identity identity;
    struct pki_certificate *issuer =
        pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    char *path = pki_path(folder, "large.crl");
    const char *const arguments[2][8] = {
        {self, "--load-crl", path, NULL},
        {"openssl", "crl", "-inform", "DER", "-in", path, "-noout", NULL}};
    bool is_good = issuer != NULL && path != NULL && crl_write(path, issuer, entries, false) &&
                   file_identify(path, &identity);
    for (unsigned i = 0; is_good && i < rounds; i++)
        for (unsigned side = 0; is_good && side < 2; side++) {
            struct measurement measured = {0};
            is_good = run(arguments[side], &measured);
            seconds[side][i] = measured.seconds;
            megabytes[side][i] = measured.megabytes - (double)identity.size / (1024 * 1024);
        }
    if (is_good) {
        bool is_whole = entries == 1000000;
        results_add(&(struct result){.name = "crl_first_load",
                                     .unit = "s",
                                     .ours = measure_median(seconds[0], rounds),
                                     .theirs = measure_median(seconds[1], rounds),
                                     .target = is_whole ? 0.4 : 0,
                                     .is_absolute = true});
        results_add(&(struct result){.name = "crl_first_load_memory",
                                     .unit = "MB",
                                     .ours = measure_median(megabytes[0], rounds),
                                     .theirs = measure_median(megabytes[1], rounds),
                                     .target = is_whole ? 60 : 0,
                                     .is_absolute = true});
    }
    pki_free(&issuer);
    free(path);
    return is_good;
}
