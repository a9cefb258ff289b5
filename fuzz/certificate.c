/*
 * certificate.c - the certificate reader, and the rules for names, policies and the rest over what
 * it read, as if all signatures were right: a hostile CA can sign anything. Input: certificates in
 * DER, each behind its length in two bytes, the server's first.
 */
#include <stdlib.h>

#include "fuzz/target.h"
#include "tls/verify_parts.h"

#define CERTIFICATE_LIMIT 6

/* Equal names have equal hashes, whatever stands in them. */
static void compare_names(const struct certificate *a, const struct certificate *b)
{
    const struct der *names[] = {&a->subject, &a->issuer, &b->subject, &b->issuer};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            bool is_equal = name_is_equal(names[i], names[k]);
            fuzz_require(is_equal == name_is_equal(names[k], names[i]));
            fuzz_require(!is_equal || name_hash(names[i]) == name_hash(names[k]));
        }
}

static void show(const struct certificate *certificate)
{
    char text[CERTIFICATE_TEXT_SIZE];
    certificate_describe(certificate, true, text, sizeof text);
    certificate_format_names(certificate, text, sizeof text);
    signature_format_algorithm(&certificate->signature.algorithm, text, sizeof text);
    signature_check(&certificate->signature, &certificate->public_key);
}

static void check(struct certificate *certificates, size_t count)
{
    static struct verification verification;
    const struct trust trust = {.name = (char *)"fuzz"};
    const struct verify_request request = {
        .trust = &trust, .host = "db1.example.com", .at = 1800000000};
    struct verify_attempt *attempt = &verification.current;
    verification =
        (struct verification){.request = &request, .chain = certificates, .chain_count = count};
    for (size_t i = 0; i < count; i++)
        attempt->path[attempt->path_count++] = &certificates[i];
    verify_start_attempt(attempt);
    verify_check_rules(&verification);
    verify_check_name_constraints(&verification);
    verify_check_policies(&verification);
    verify_check_peer(&verification);
    /* Either it is accepted, or there is a reason. */
    bool is_accepted = verify_status(attempt->parts) == 0;
    fuzz_require(is_accepted != error_is_set(&verify_worst(attempt->parts)->error));
}

void fuzz_check_rules(struct certificate *certificates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        show(&certificates[i]);
        compare_names(&certificates[i], &certificates[(i + 1) % count]);
    }
    if (count > 0)
        check(certificates, count);
}

FUZZ_TARGET_DER(certificate, bytes, size)
{
    static struct certificate certificates[CERTIFICATE_LIMIT];
    unsigned char *copies[CERTIFICATE_LIMIT];
    struct cursor cursor = cursor_over(bytes, size);
    size_t count = 0, length;
    while (count < CERTIFICATE_LIMIT &&
           (copies[count] = fuzz_next_piece(&cursor, &length)) != NULL) {
        if (certificate_read(copies[count], length, &certificates[count]) == NULL)
            count++;
        else
            free(copies[count]);
    }
    fuzz_check_rules(certificates, count);
    for (size_t i = 0; i < count; i++)
        free(copies[i]);
}
