#include "command/chain.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/clock.h"
#include "tls/certificate.h"

#define NAME_SIZE 700

/* Only the last certificate of a path can be one. */
static bool is_anchor(const struct chain *chain, size_t i)
{
    return chain->trust != NULL && i + 1 == chain->count &&
           trust_has(&chain->trust->anchors, &chain->certificates[i]);
}

void chain_print(const struct chain *chain, int indent)
{
    char subject[NAME_SIZE], serial[200], date[CLOCK_TEXT_SIZE];
    for (size_t i = chain->count; i-- > 0;) {
        const struct certificate *certificate = &chain->certificates[i];
        size_t depth = chain->count - 1 - i;
        printf("%*s%s%s (serial %s, until %s)%s\n", indent + (int)(3 * depth), "",
               depth > 0 ? "`- " : "",
               certificate_format_dn(&certificate->subject, subject, sizeof subject),
               certificate_format_serial(certificate, serial, sizeof serial),
               clock_format_date(certificate->not_after, date),
               is_anchor(chain, i) ? " [trust anchor]" : "");
    }
}

void chain_print_json(const struct chain *chain, struct json *json)
{
    char text[NAME_SIZE], time_text[CLOCK_TEXT_SIZE];
    json_open_list(json, "path");
    for (size_t i = 0; i < chain->count; i++) {
        const struct certificate *certificate = &chain->certificates[i];
        json_open_object(json, NULL);
        json_text(json, "subject", certificate_format_dn(&certificate->subject, text, sizeof text));
        json_text(json, "issuer", certificate_format_dn(&certificate->issuer, text, sizeof text));
        json_text(json, "serial", certificate_format_serial(certificate, text, sizeof text));
        json_text(json, "not_before", clock_format(certificate->not_before, time_text));
        json_text(json, "not_after", clock_format(certificate->not_after, time_text));
        json_boolean(json, "is_trust_anchor", is_anchor(chain, i));
        json_close_object(json);
    }
    json_close_list(json);
}
