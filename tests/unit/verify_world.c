/* verify_world.c - the PKI, made once, and a verification with its verdict checked. */
#include "unit/verify_world.h"

#include <stdlib.h>

#define CHAIN_LIMIT 80
#define ANCHOR_LIMIT 500

struct world world;
bool scene_seen[VERIFY_OUTCOME_COUNT + 1];

int world_set_up(void)
{
    world.root = pki_issue(&(struct pki_spec){.common_name = "Root", .is_ca = true});
    world.middle =
        pki_issue(&(struct pki_spec){.common_name = "Middle", .is_ca = true, .issuer = world.root});
    world.server = pki_issue(&(struct pki_spec){.common_name = "db1",
                                                .issuer = world.middle,
                                                .serial = "0A3F",
                                                .dns = PKI_LIST("db1.example.com")});
    return world.server == NULL;
}

static size_t export_chain(const struct scene *scene, gnutls_datum_t *ders)
{
    size_t count = 0;
    for (; scene->chain[count] != NULL && count < CHAIN_LIMIT; count++)
        ders[count] = pki_der(scene->chain[count]);
    return count;
}

struct trust *trust_of(const struct pki_certificate *const *anchors)
{
    gnutls_datum_t ders[ANCHOR_LIMIT] = {0};
    size_t count = 0;
    for (; anchors[count] != NULL && count < ANCHOR_LIMIT; count++)
        ders[count] = pki_der(anchors[count]);
    struct trust *trust = pki_trust(ders, count, "root.crt");
    for (size_t i = 0; i < count; i++)
        gnutls_free(ders[i].data);
    CHECK_FATAL(trust != NULL);
    return trust;
}

struct verify_result scene_verify(const struct scene *scene)
{
    gnutls_datum_t ders[CHAIN_LIMIT];
    const struct pki_certificate *anchor = scene->anchor != NULL ? scene->anchor : world.root;
    struct trust *trust = trust_of(scene->anchors != NULL ? scene->anchors : CHAIN(anchor));
    struct verify_request request = {.chain = ders,
                                     .chain_count = export_chain(scene, ders),
                                     .trust = scene->without_trust ? NULL : trust,
                                     .crls = scene->crls,
                                     .crl_check = scene->crl_check,
                                     .crl_name = "SslCrl=test.crl",
                                     .host = scene->host,
                                     .pin = scene->pin,
                                     .at = scene->at != 0 ? scene->at : time(NULL),
                                     .allow_weak = scene->allow_weak};
    struct verify_result result;
    bool is_accepted = verify_chain(&request, &result);
    CHECK(is_accepted == (result.status == 0));
    scene_seen[result.outcome] = true;
    for (size_t i = 0; i < request.chain_count; i++)
        gnutls_free(ders[i].data);
    /* The path points into both. */
    result.path_count = 0;
    trust_free(&trust);
    return result;
}

void scene_expect(const struct scene *scene, uint32_t status, enum odbcssl_error code,
                  const char *part, const char *file, unsigned line)
{
    struct verify_result result = scene_verify(scene);
    suite_check_number(result.status, status, file, line);
    suite_check_number(verify_error(&result)->code, code, file, line);
    if (verify_error(&result)->code != code)
        suite_check_text(verify_error(&result)->text, "", file, line);
    if (part != NULL)
        suite_check_contains(verify_error(&result)->text, part, file, line);
    verify_result_free(&result);
}

void set_add(struct crl_set *set, const struct pki_crl_spec *spec)
{
    struct buffer der = {0};
    struct error error = {0};
    CHECK_FATAL(pki_crl(spec, &der));
    size_t size = buffer_length(&der);
    unsigned char *bytes = (unsigned char *)buffer_move_text(&der);
    bool is_read = crl_set_read(set, &bytes, size, "test.crl", &error);
    free(bytes);
    CHECK_TEXT(error.text, "");
    CHECK_FATAL(is_read);
}
