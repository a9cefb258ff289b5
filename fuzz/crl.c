/* crl.c - the CRL reader: files with CRLs, PEM and DER, and everything that is asked of one. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "support/pki.h"
#include "tls/crl.h"

static struct certificate issuer;
static struct certificate server;

static void read_certificate(const struct pki_certificate *from, struct certificate *out)
{
    static gnutls_datum_t ders[2];
    gnutls_datum_t *der = &ders[ders[0].data != NULL];
    *der = pki_der(from);
    fuzz_require(certificate_read(der->data, der->size, out) == NULL);
}

/* One CA and one certificate with a distribution point, for the questions that need a
 * certificate. */
static void make_certificates(void)
{
    static const unsigned char points[] = {0x30, 0x14, 0x30, 0x12, 0xa0, 0x10, 0xa0, 0x0e,
                                           0x86, 0x0c, 'h',  't',  't',  'p',  ':',  '/',
                                           '/',  'a',  '.',  'b',  '/',  'c'};
    const struct pki_extension extensions[] = {{"2.5.29.31", false, points, sizeof points},
                                               {NULL, false, NULL, 0}};
    static struct pki_certificate *ca, *leaf;
    if (ca != NULL)
        return;
    ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    leaf =
        pki_issue(&(struct pki_spec){.common_name = "db", .issuer = ca, .extensions = extensions});
    fuzz_require(ca != NULL && leaf != NULL);
    read_certificate(ca, &issuer);
    read_certificate(leaf, &server);
}

static void ask(const struct crl *crl)
{
    struct crl_entry entry = {0};
    char text[300];
    static const unsigned char serial[] = {0x00, 0x12, 0x34};
    crl_find(crl, &(struct der){.content = serial, .size = sizeof serial}, &entry);
    crl_find(crl, &(struct der){.content = serial + 1, .size = 1}, &entry);
    crl_reason_name(entry.reason);
    if (crl->unknown_extension.whole != NULL)
        crl_describe_unknown(crl, text, sizeof text);
    fuzz_require(crl_is_same_scope(crl, crl));
    crl_scope_gap(crl, &issuer);
    crl_scope_gap(crl, &server);
    crl_is_signed_by(crl, &issuer);
}

FUZZ_TARGET_DER(crl, bytes, size)
{
    struct crl_set set = {0};
    struct error error = {0};
    make_certificates();
    unsigned char *copy = fuzz_copy(bytes, size);
    bool is_read = crl_set_read(&set, &copy, size, "fuzz", &error);
    free(copy);
    /* Either it was read, or there is a reason. */
    fuzz_require(is_read != error_is_set(&error));
    for (size_t i = 0; i < set.count; i++)
        ask(set.items[i]);
    crl_set_free(&set);
}
