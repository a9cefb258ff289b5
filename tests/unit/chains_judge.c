/*
 * chains_judge.c - OpenSSL's verdict.
 *
 * X509_verify_cert builds one chain and judges that; RFC 5280 judges a given path. So each path
 * that the names allow is given to it alone, with its last certificate as the only anchor. What it
 * is asked differently from what the verifier means is set here, and nowhere else:
 *   - an anchor is trusted as it stands, root or not (X509_V_FLAG_PARTIAL_CHAIN);
 *   - any policy will do where a CA demands one (RFC 5280, 6.1.1 (c));
 *   - no CRL is wanted for the anchor: it is not part of the path (RFC 5280, 6.1);
 *   - a CRL that no CA of the path signed is no CRL of it: OpenSSL takes the newest that bears the
 *     name, and gives up when that one is forged;
 *   - a wildcard stands for a whole label (RFC 6125, 6.4.3).
 */
#include <arpa/inet.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/chains.h"

#define PATH_LIMIT 12
#define ATTEMPT_LIMIT 3000

struct judging {
    const struct chains_world *world;
    X509 *certificates[CHAINS_CERTIFICATE_LIMIT];
    X509_CRL *crls[CHAINS_CRL_LIMIT];
    int path[PATH_LIMIT];
    size_t path_count;
    struct chains_verdict *verdict;
};

/* X509_policy_check of libcrypto 3.0 loses a few objects, which the leak checker is not to tell. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto";
}

static void *must(void *pointer)
{
    if (pointer == NULL)
        abort();
    return pointer;
}

static bool is_crl_error(int error)
{
    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CERT_REVOKED:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
        return true;
    default:
        return false;
    }
}

/* The CRL of an anchor is not asked for. */
static int excuse_anchor(int is_good, X509_STORE_CTX *context)
{
    int last = sk_X509_num(X509_STORE_CTX_get0_chain(context)) - 1;
    if (is_good || !is_crl_error(X509_STORE_CTX_get_error(context)) ||
        X509_STORE_CTX_get_error_depth(context) != last)
        return is_good;
    X509_STORE_CTX_set_error(context, X509_V_OK);
    return 1;
}

static void set_parameters(const struct judging *judging, X509_STORE_CTX *context)
{
    const struct chains_world *world = judging->world;
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
    if (world->has_crls)
        flags |= X509_V_FLAG_CRL_CHECK | (world->is_leaf_only ? 0 : X509_V_FLAG_CRL_CHECK_ALL);
    X509_VERIFY_PARAM_set_flags(parameters, flags);
    X509_VERIFY_PARAM_add0_policy(parameters, must(OBJ_nid2obj(NID_any_policy)));
    X509_VERIFY_PARAM_set_time(parameters, world->at);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    unsigned char address[16];
    if (world->host != NULL && (inet_pton(AF_INET, world->host, address) == 1 ||
                                inet_pton(AF_INET6, world->host, address) == 1))
        X509_VERIFY_PARAM_set1_ip_asc(parameters, world->host);
    else if (world->host != NULL)
        X509_VERIFY_PARAM_set1_host(parameters, world->host, 0);
    X509_STORE_CTX_set_verify_cb(context, excuse_anchor);
}

/* Asks with these certificates beside the server's. Returns X509_V_ERR_..., 0 when it accepts. */
static int ask(const struct judging *judging, STACK_OF(X509) * untrusted, X509_STORE *store,
               bool (*is_heard)(const struct judging *judging, X509_CRL *crl))
{
    X509_STORE_CTX *context = must(X509_STORE_CTX_new());
    STACK_OF(X509_CRL) *crls = must(sk_X509_CRL_new_null());
    for (size_t i = 0; i < judging->world->crl_count; i++)
        if (is_heard(judging, judging->crls[i]))
            sk_X509_CRL_push(crls, judging->crls[i]);
    if (X509_STORE_CTX_init(context, store, judging->certificates[0], untrusted) <= 0)
        abort();
    X509_STORE_CTX_set0_crls(context, crls);
    set_parameters(judging, context);
    bool is_accepted = X509_verify_cert(context) > 0;
    int error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    sk_X509_CRL_free(crls);
    if (is_accepted)
        return X509_V_OK;
    return error != X509_V_OK ? error : X509_V_ERR_UNSPECIFIED;
}

static bool is_signed_in_path(const struct judging *judging, X509_CRL *crl)
{
    for (size_t i = 1; i < judging->path_count; i++) {
        X509 *issuer = judging->certificates[judging->path[i]];
        if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0 &&
            X509_CRL_verify(crl, X509_get0_pubkey(issuer)) > 0)
            return true;
    }
    return false;
}

static bool is_any_crl(const struct judging *judging, X509_CRL *crl)
{
    (void)judging;
    return crl != NULL;
}

static int ask_path(const struct judging *judging)
{
    X509_STORE *store = must(X509_STORE_new());
    STACK_OF(X509) *untrusted = must(sk_X509_new_null());
    for (size_t i = 1; i + 1 < judging->path_count; i++)
        sk_X509_push(untrusted, judging->certificates[judging->path[i]]);
    X509_STORE_add_cert(store, judging->certificates[judging->path[judging->path_count - 1]]);
    int error = ask(judging, untrusted, store, is_signed_in_path);
    sk_X509_free(untrusted);
    X509_STORE_free(store);
    return error;
}

static void note(struct chains_verdict *verdict, const struct judging *judging, int error)
{
    char numbers[PATH_LIMIT * 4] = "";
    size_t used = strlen(verdict->paths);
    for (size_t i = 0; i < judging->path_count; i++)
        sprintf(numbers + strlen(numbers), " %d", judging->path[i]);
    snprintf(verdict->paths + used, sizeof verdict->paths - used, "%s: %s;", numbers,
             X509_verify_cert_error_string(error));
    verdict->is_accepted |= error == X509_V_OK;
    verdict->path_count++;
}

static bool is_in_path(const struct judging *judging, int certificate)
{
    for (size_t i = 0; i < judging->path_count; i++)
        if (judging->path[i] == certificate)
            return true;
    return false;
}

static bool is_issuer(const struct judging *judging, int certificate, int issuer)
{
    return X509_NAME_cmp(X509_get_issuer_name(judging->certificates[certificate]),
                         X509_get_subject_name(judging->certificates[issuer])) == 0;
}

static bool is_sent(const struct chains_world *world, int certificate)
{
    for (size_t i = 0; i < world->sent_count; i++)
        if (world->sent[i] == certificate)
            return true;
    return false;
}

/* Goes on from the last certificate of the path; an anchor ends one path and may begin a longer. */
static void walk(struct judging *judging)
{
    const struct chains_world *world = judging->world;
    int last = judging->path[judging->path_count - 1];
    if (judging->verdict->is_accepted || judging->verdict->path_count >= ATTEMPT_LIMIT)
        return;
    if (world->is_anchor[last])
        note(judging->verdict, judging, ask_path(judging));
    for (int i = 1; i < (int)world->count && judging->path_count < PATH_LIMIT; i++) {
        if ((!is_sent(world, i) && !world->is_anchor[i]) || is_in_path(judging, i) ||
            !is_issuer(judging, last, i))
            continue;
        judging->path[judging->path_count++] = i;
        walk(judging);
        judging->path_count--;
    }
}

static void judge_plain(struct judging *judging)
{
    const struct chains_world *world = judging->world;
    X509_STORE *store = must(X509_STORE_new());
    STACK_OF(X509) *untrusted = must(sk_X509_new_null());
    for (size_t i = 1; i < world->sent_count; i++)
        sk_X509_push(untrusted, judging->certificates[world->sent[i]]);
    for (size_t i = 0; i < world->count; i++)
        if (world->is_anchor[i])
            X509_STORE_add_cert(store, judging->certificates[i]);
    judging->verdict->is_accepted_plain = ask(judging, untrusted, store, is_any_crl) == X509_V_OK;
    sk_X509_free(untrusted);
    X509_STORE_free(store);
}

static void parse(struct judging *judging)
{
    const struct chains_world *world = judging->world;
    for (size_t i = 0; i < world->count; i++) {
        const struct buffer *der = &world->certificates[i].der;
        const unsigned char *bytes = buffer_content(der);
        judging->certificates[i] = must(d2i_X509(NULL, &bytes, (long)buffer_length(der)));
    }
    for (size_t i = 0; i < world->crl_count; i++) {
        const struct buffer *der = &world->crls[i].der;
        const unsigned char *bytes = buffer_content(der);
        judging->crls[i] = must(d2i_X509_CRL(NULL, &bytes, (long)buffer_length(der)));
    }
}

void chains_judge(const struct chains_world *world, struct chains_verdict *verdict_out)
{
    struct judging judging = {.world = world, .verdict = verdict_out, .path_count = 1};
    *verdict_out = (struct chains_verdict){0};
    parse(&judging);
    walk(&judging);
    judge_plain(&judging);
    for (size_t i = 0; i < world->count; i++)
        X509_free(judging.certificates[i]);
    for (size_t i = 0; i < world->crl_count; i++)
        X509_CRL_free(judging.crls[i]);
}
