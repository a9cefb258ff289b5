#include "command/chain.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "tls/certificate.h"

#define NAME_SIZE 700

/* Only the last certificate of a path can be one. */
static bool is_anchor(const struct chain *chain, size_t i)
{
    if (chain->trust == NULL || i + 1 != chain->count)
        return false;
    for (size_t k = 0; k < chain->trust->anchor_count; k++)
        if (gnutls_x509_crt_equals(chain->certificates[i], chain->trust->anchors[k]))
            return true;
    return false;
}

void chain_print(const struct chain *chain, int indent)
{
    char subject[NAME_SIZE], serial[200], date[CLOCK_TEXT_SIZE];
    for (size_t i = chain->count; i-- > 0;) {
        gnutls_x509_crt_t certificate = chain->certificates[i];
        size_t depth = chain->count - 1 - i;
        printf("%*s%s%s (serial %s, until %s)%s\n", indent + (int)(3 * depth), "",
               depth > 0 ? "`- " : "",
               certificate_format_subject(certificate, subject, sizeof subject),
               certificate_format_serial(certificate, serial, sizeof serial),
               clock_format_date(gnutls_x509_crt_get_expiration_time(certificate), date),
               is_anchor(chain, i) ? " [trust anchor]" : "");
    }
}

void chain_print_json(const struct chain *chain, struct json *json)
{
    char text[NAME_SIZE], time_text[CLOCK_TEXT_SIZE];
    json_open_list(json, "path");
    for (size_t i = 0; i < chain->count; i++) {
        gnutls_x509_crt_t certificate = chain->certificates[i];
        json_open_object(json, NULL);
        json_text(json, "subject", certificate_format_subject(certificate, text, sizeof text));
        json_text(json, "issuer", certificate_format_issuer(certificate, text, sizeof text));
        json_text(json, "serial", certificate_format_serial(certificate, text, sizeof text));
        json_text(json, "not_before",
                  clock_format(gnutls_x509_crt_get_activation_time(certificate), time_text));
        json_text(json, "not_after",
                  clock_format(gnutls_x509_crt_get_expiration_time(certificate), time_text));
        json_boolean(json, "is_trust_anchor", is_anchor(chain, i));
        json_close_object(json);
    }
    json_close_list(json);
}
