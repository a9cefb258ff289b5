/*
 * test_pkits - NIST's Public Key Interoperability Test Suite through the verifier, one line per
 * case.
 *
 * The data is not part of the package: it is looked for in $ODBCSSL_PKITS, else in ../shared/pkits
 * beside the source tree, and the test is skipped where it is not. Arguments: names, or parts of
 * names, of the cases to run, whose reasons are then printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "support/pki.h"
#include "tls/verify.h"

#define FIELD_COUNT 7
#define FILE_LIMIT 16
#define AS_OF "2005-01-01T00:00:00Z"

enum {
    FIELD_SECTION,
    FIELD_NUMBER,
    FIELD_NAME,
    FIELD_EXPECTED,
    FIELD_LEAF,
    FIELD_OTHERS,
    FIELD_CRLS
};

struct totals {
    unsigned cases;
    unsigned accepted;
    unsigned refused;
    unsigned either_accepted;
    unsigned either_refused;
    unsigned wrong;
};

static char *data_folder;

static bool read_data(const char *folder, const char *name, struct file_content *content)
{
    struct error error = {0};
    char *path = NULL;
    if (asprintf(&path, "%s/%s/%s", data_folder, folder, name) < 0)
        return false;
    const struct option option = {.value = path, .keyword = "pkits", .source = "test"};
    bool is_read = file_read(&option, content, &error);
    if (!is_read)
        printf("# %s\n", error.text);
    free(path);
    return is_read;
}

static bool add_certificate(const char *name, struct file_content *files, gnutls_datum_t *chain,
                            size_t *count)
{
    if (*count == FILE_LIMIT || !read_data("certs", name, &files[*count]))
        return false;
    chain[*count] = (gnutls_datum_t){files[*count].bytes, (unsigned)files[*count].size};
    ++*count;
    return true;
}

static bool add_crl(const char *name, struct crl_set *crls)
{
    struct file_content content;
    struct error error = {0};
    if (!read_data("crls", name, &content))
        return false;
    bool is_read = crl_set_read(crls, &content.bytes, content.size, name, &error);
    if (!is_read)
        printf("# %s\n", error.text);
    file_content_free(&content);
    return is_read;
}

static struct trust *load_anchor(void)
{
    struct file_content content;
    if (!read_data("certs", "TrustAnchorRootCertificate.crt", &content))
        return NULL;
    gnutls_datum_t der = {content.bytes, (unsigned)content.size};
    struct trust *trust = pki_trust(&der, 1, "TrustAnchorRoot");
    file_content_free(&content);
    return trust;
}

static bool load_case(char **fields, struct file_content *files, gnutls_datum_t *chain,
                      size_t *chain_count, struct crl_set *crls)
{
    char *rest = NULL;
    if (!add_certificate(fields[FIELD_LEAF], files, chain, chain_count))
        return false;
    for (char *name = strtok_r(fields[FIELD_OTHERS], ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest))
        if (!add_certificate(name, files, chain, chain_count))
            return false;
    for (char *name = strtok_r(fields[FIELD_CRLS], ",", &rest); name != NULL;
         name = strtok_r(NULL, ",", &rest))
        if (!add_crl(name, crls))
            return false;
    return true;
}

static bool verify_case(char **fields, const struct trust *trust, bool *is_accepted_out,
                        struct verify_result *result)
{
    struct file_content files[FILE_LIMIT] = {0};
    gnutls_datum_t chain[FILE_LIMIT];
    struct crl_set crls = {0};
    struct verify_request request = {.trust = trust,
                                     .chain = chain,
                                     .crls = &crls,
                                     .crl_check = CRL_CHECK_CHAIN,
                                     .crl_name = "the case's CRLs",
                                     .allow_weak = true};
    clock_parse(AS_OF, &request.at);
    bool is_loaded = load_case(fields, files, chain, &request.chain_count, &crls);
    if (is_loaded)
        *is_accepted_out = verify_chain(&request, result);
    for (size_t i = 0; i < request.chain_count; i++)
        file_content_free(&files[i]);
    crl_set_free(&crls);
    return is_loaded;
}

static bool count_verdict(const char *expected, bool is_accepted, struct totals *totals)
{
    if (strcmp(expected, "either") == 0) {
        *(is_accepted ? &totals->either_accepted : &totals->either_refused) += 1;
        return true;
    }
    *(is_accepted ? &totals->accepted : &totals->refused) += 1;
    return strcmp(expected, "accept") == 0 ? is_accepted : !is_accepted;
}

static void run_case(char **fields, const struct trust *trust, bool is_verbose,
                     struct totals *totals)
{
    struct verify_result result = {0};
    bool is_accepted = false;
    bool is_right = verify_case(fields, trust, &is_accepted, &result) &&
                    count_verdict(fields[FIELD_EXPECTED], is_accepted, totals);
    /* Every refusal has to say why. */
    is_right = is_right && (is_accepted == (verify_error(&result)->text[0] == '\0'));
    totals->cases++;
    totals->wrong += !is_right;
    printf("%s %u - %s.%s %s: %s, %s\n", is_right ? "ok" : "not ok", totals->cases,
           fields[FIELD_SECTION], fields[FIELD_NUMBER], fields[FIELD_NAME], fields[FIELD_EXPECTED],
           is_accepted ? "accepted" : "refused");
    if (!is_right || is_verbose)
        printf("# status %u, error %d: %s\n", (unsigned)result.status, verify_error(&result)->code,
               verify_error(&result)->text);
    verify_result_free(&result);
}

/* Tabs part the fields, and a field may be empty. */
static bool split_row(char *line, char **fields)
{
    line[strcspn(line, "\r\n")] = '\0';
    for (unsigned i = 0; i < FIELD_COUNT; i++) {
        fields[i] = strsep(&line, "\t");
        if (fields[i] == NULL)
            return false;
    }
    return true;
}

static bool is_selected(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]) != NULL)
            return true;
    return argc <= 1;
}

static int run_all(FILE *table, const struct trust *trust, int argc, char **argv)
{
    struct totals totals = {0};
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, table) > 0) {
        char *fields[FIELD_COUNT];
        if (strncmp(line, "section\t", 8) == 0)
            continue;
        if (!split_row(line, fields)) {
            printf("not ok %u - malformed row\n", ++totals.cases);
            totals.wrong++;
        } else if (is_selected(fields[FIELD_NAME], argc, argv)) {
            run_case(fields, trust, argc > 1, &totals);
        }
    }
    free(line);
    printf("# %u cases, %u wrong; decided: %u accepted, %u refused; either: %u accepted, %u "
           "refused\n",
           totals.cases, totals.wrong, totals.accepted, totals.refused, totals.either_accepted,
           totals.either_refused);
    printf("1..%u\n", totals.cases);
    return totals.wrong == 0 && totals.cases > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool find_data(void)
{
    const char *named = getenv("ODBCSSL_PKITS"), *source = getenv("top_srcdir");
    if (named != NULL && *named != '\0')
        return asprintf(&data_folder, "%s", named) >= 0;
    return asprintf(&data_folder, "%s/../shared/pkits", source != NULL ? source : ".") >= 0;
}

int main(int argc, char **argv)
{
    struct trust *trust = NULL;
    char *table_name = NULL;
    if (!find_data() || asprintf(&table_name, "%s/cases.tsv", data_folder) < 0)
        return EXIT_FAILURE;
    FILE *table = fopen(table_name, "re");
    int outcome = EXIT_FAILURE;
    if (table == NULL) {
        printf("1..0 # SKIP the PKITS data is not at %s (set ODBCSSL_PKITS)\n", data_folder);
        outcome = EXIT_SUCCESS;
    } else if ((trust = load_anchor()) != NULL) {
        outcome = run_all(table, trust, argc, argv);
        trust_free(&trust);
    }
    if (table != NULL)
        fclose(table);
    free(table_name);
    free(data_folder);
    return outcome;
}
