/* measure.c - clocks, memory, medians, and what TLS cannot be cheaper than. */
#include "bench.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define RECORD 16384
#define TAG 16
#define RECORDS_PER_GIGABYTE (1000000000 / RECORD)

double measure_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds_of(const struct timeval *time)
{
    return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

double measure_processor(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
}

double measure_anonymous(void)
{
    char line[256];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Anonymous: %lf kB", &kilobytes) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kilobytes * 1024;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

double measure_percentile(double *values, size_t count, double part)
{
    qsort(values, count, sizeof *values, compare);
    return values[(size_t)((double)(count - 1) * part)];
}

double measure_median(double *values, size_t count)
{
    return measure_percentile(values, count, 0.5);
}

bool measure_limits(double *decrypt_out, double *copy_out)
{
    static unsigned char key_bytes[32], nonce[12], plain[RECORD], sealed[RECORD + TAG];
    gnutls_datum_t key = {key_bytes, sizeof key_bytes};
    gnutls_aead_cipher_hd_t cipher;
    size_t sealed_size = sizeof sealed;
    if (gnutls_aead_cipher_init(&cipher, GNUTLS_CIPHER_AES_256_GCM, &key) != 0)
        return false;
    bool is_good = gnutls_aead_cipher_encrypt(cipher, nonce, sizeof nonce, NULL, 0, TAG, plain,
                                              sizeof plain, sealed, &sealed_size) == 0;
    double start = measure_processor();
    for (size_t i = 0; is_good && i < RECORDS_PER_GIGABYTE; i++) {
        size_t size = sizeof plain;
        is_good = gnutls_aead_cipher_decrypt(cipher, nonce, sizeof nonce, NULL, 0, TAG, sealed,
                                             sealed_size, plain, &size) == 0;
    }
    *decrypt_out = measure_processor() - start;
    gnutls_aead_cipher_deinit(cipher);
    start = measure_processor();
    for (size_t i = 0; i < RECORDS_PER_GIGABYTE; i++) {
        memcpy(sealed, plain, sizeof plain);
        __asm__ volatile("" : : "r"(sealed) : "memory"); /* so that no copy is left out */
    }
    *copy_out = measure_processor() - start;
    return is_good;
}
