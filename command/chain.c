/*
 * chain.c - the certificates of a path as texts, as a tree and as JSON, for check, verify and
 * fetch.
 */
#include "command/chain.h"

#include <gnutls/abstract.h>
#include <gnutls/x509.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/memory.h"
#include "tls/certificate.h"

#define TEXT_SIZE 4096

static struct chain_certificate read_certificate(const struct certificate *certificate)
{
    char text[TEXT_SIZE];
    const gnutls_datum_t der = {(unsigned char *)certificate->public_key.whole,
                                (unsigned)certificate->public_key.whole_size};
    gnutls_pubkey_t key = NULL;
    const char *key_name = NULL;
    unsigned bits = 0;
    if (gnutls_pubkey_init(&key) == 0 && gnutls_pubkey_import(key, &der, GNUTLS_X509_FMT_DER) == 0)
        key_name = gnutls_pk_get_name(gnutls_pubkey_get_pk_algorithm(key, &bits));
    gnutls_pubkey_deinit(key);
    return (struct chain_certificate){
        .subject = memory_copy(certificate_format_dn(&certificate->subject, text, sizeof text)),
        .issuer = memory_copy(certificate_format_dn(&certificate->issuer, text, sizeof text)),
        .serial = memory_copy(certificate_format_serial(&certificate->serial, text, sizeof text)),
        .names = memory_copy(certificate_format_names(certificate, text, sizeof text)),
        .fingerprint = memory_copy(certificate_format_fingerprint(
            certificate->bytes, certificate->size, ':', text, sizeof text)),
        .key = key_name != NULL ? memory_format("%s, %u bits", key_name, bits)
                                : memory_copy("unknown"),
        .not_before = certificate->not_before,
        .not_after = certificate->not_after,
    };
}

struct chain chain_read(const struct certificate *certificates, size_t count,
                        const struct trust *trust)
{
    struct chain chain = {0};
    if (count == 0)
        return chain;
    chain.items = memory_clear(count * sizeof *chain.items);
    for (; chain.count < count; chain.count++)
        chain.items[chain.count] = read_certificate(&certificates[chain.count]);
    /* Only the last certificate of a path can be one. */
    chain.items[count - 1].is_anchor =
        trust != NULL && trust_has(&trust->anchors, &certificates[count - 1]);
    return chain;
}

struct chain chain_read_sent(const gnutls_datum_t *ders, size_t count)
{
    struct chain chain = {.items = memory_clear(count * sizeof *chain.items)};
    struct certificate certificate;
    while (chain.count < count &&
           certificate_read(ders[chain.count].data, ders[chain.count].size, &certificate) == NULL)
        chain.items[chain.count++] = read_certificate(&certificate);
    return chain;
}

void chain_print(const struct chain *chain, int indent)
{
    char date[CLOCK_TEXT_SIZE];
    for (size_t i = chain->count; i-- > 0;) {
        const struct chain_certificate *item = &chain->items[i];
        size_t depth = chain->count - 1 - i;
        printf("%*s%s%s (serial %s, until %s)%s\n", indent + (int)(3 * depth), "",
               depth > 0 ? "`- " : "", item->subject, item->serial,
               clock_format_date(item->not_after, date), item->is_anchor ? " [trust anchor]" : "");
    }
}

void chain_print_json(const struct chain *chain, struct json *json)
{
    char time_text[CLOCK_TEXT_SIZE];
    json_open(json, "path", '[');
    for (size_t i = 0; i < chain->count; i++) {
        const struct chain_certificate *item = &chain->items[i];
        json_open(json, NULL, '{');
        json_text(json, "subject", item->subject);
        json_text(json, "issuer", item->issuer);
        json_text(json, "serial", item->serial);
        json_text(json, "names", item->names);
        json_text(json, "fingerprint", item->fingerprint);
        json_text(json, "key", item->key);
        json_text(json, "not_before", clock_format(item->not_before, time_text));
        json_text(json, "not_after", clock_format(item->not_after, time_text));
        json_boolean(json, "is_trust_anchor", item->is_anchor);
        json_close(json, '}');
    }
    json_close(json, ']');
}
