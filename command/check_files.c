/* check_files.c - the real driver, and the files that settings name: what is in them, and who may
 * read them. */
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "command/check.h"
#include "command/memory.h"
#include "tls/certificate.h"
#include "tls/token.h"

#define NAME_SIZE 700

/* The driver manager takes ANSI or wide functions by what odbcssl's library exports, and the real
 * driver has to have the same. */
static void check_driver(struct check *check)
{
    struct error error = {0};
    if (!link_load_driver(check->link, &error)) {
        findings_add_error(&check->findings, true, "real driver", &error);
        return;
    }
    const struct driver *driver = check->link->driver;
    findings_add_ok(&check->findings, "real driver", "%s (%s)", driver->path,
                    driver->is_unicode ? "Unicode" : "ANSI");
    if (check->is_wide < 0 || driver->is_unicode == (check->is_wide != 0))
        return;
    const char *ansi = "libodbcssla.so", *unicode = "libodbcssl.so";
    findings_refuse(
        &check->findings, "IM001", "library",
        memory_format("Name %s by Driver in place of %s; \"odbcssl install\" chooses "
                      "the one that fits.",
                      driver->is_unicode ? unicode : ansi, driver->is_unicode ? ansi : unicode),
        "the data source uses %s, and the real driver %s %s",
        driver->is_unicode ? "libodbcssla.so, which has ANSI functions only"
                           : "libodbcssl.so, which has Unicode functions",
        driver->path, driver->is_unicode ? "is a Unicode driver" : "has only ANSI functions");
}

static void check_transport(struct check *check)
{
    struct link *link = check->link;
    struct error error = {0};
    if (link->driver == NULL)
        return;
    if (!link_choose_transport(link, &error))
        findings_add_error(&check->findings, true, "transport", &error);
    else if (link->way == ODBCSSL_TRANSPORT_INTERPOSED)
        findings_add_ok(&check->findings, "transport", "interposed %s", link->libraries);
    else if (link->relayed != NULL)
        findings_add_ok(&check->findings, "transport", "relay: %s", link->relayed);
    else
        findings_add_ok(&check->findings, "transport", "relay (SslTransport=relay)");
}

/* ---- what is in the files ---- */

/* "/etc/ca.pem (mode 0644, owner root, changed 2026-03-01)"; "": not set. */
static const char *describe_file(const struct option *option)
{
    struct stat status;
    char date[CLOCK_TEXT_SIZE], scratch[1024];
    struct passwd entry, *owner = NULL;
    char *hidden = option->value != NULL ? token_hide_pin(option->value) : NULL;
    const char *value = hidden != NULL ? memory_copy(hidden) : "";
    free(hidden);
    if (value[0] != '/' || stat(value, &status) != 0)
        return value;
    getpwuid_r(status.st_uid, &entry, scratch, sizeof scratch, &owner);
    return memory_format(
        "%s (mode 0%03o, owner %s, changed %s)", value, (unsigned)(status.st_mode & 07777),
        owner != NULL ? owner->pw_name : "unknown", clock_format_date(status.st_mtime, date));
}

static void add_trust(struct check *check, const struct option *option)
{
    const struct trust_certificates *anchors = &check->credentials->trust->anchors;
    char subject[NAME_SIZE], date[CLOCK_TEXT_SIZE];
    if (anchors->count == 1)
        findings_add_ok(&check->findings, option->keyword, "%s: %s until %s", describe_file(option),
                        certificate_format_dn(&anchors->items[0].subject, subject, sizeof subject),
                        clock_format_date(anchors->items[0].not_after, date));
    else
        findings_add_ok(&check->findings, option->keyword, "%s: %zu trust anchors",
                        describe_file(option), anchors->count);
}

static void add_crl(struct check *check, const struct crl *crl)
{
    char issuer[NAME_SIZE], from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE] = "no date";
    time_t end = crl->next_update, now = time(NULL);
    bool is_current = crl->this_update <= now && (end == 0 || now <= end);
    if (end != 0)
        clock_format(end, until);
    certificate_format_dn(&crl->issuer, issuer, sizeof issuer);
    findings_add_span(&check->findings, SPAN_CRL, issuer, crl->this_update, end);
    findings_add(&check->findings, is_current ? FACT_OK : FACT_WARNING, "CRL",
                 "Fetch a current CRL, and arrange that it is fetched regularly.",
                 "%s, %s to %s, %zu %s%s", issuer, clock_format(crl->this_update, from), until,
                 crl->index.count, crl->index.count == 1 ? "entry" : "entries",
                 is_current ? "" : ": not valid now");
}

static void add_identity(struct check *check, const struct option *option)
{
    const struct client_identity *identity = &check->credentials->identity;
    const struct certificate *own = &identity->chain[0];
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    findings_add_span(&check->findings, SPAN_CLIENT, identity->subject, own->not_before,
                      own->not_after);
    findings_add_ok(&check->findings, option->keyword, "%s: %s, %s to %s, %d days left",
                    describe_file(option), identity->subject,
                    clock_format_date(own->not_before, from),
                    clock_format_date(own->not_after, until),
                    (int)clock_days_until(own->not_after, time(NULL)));
}

/* ---- one fact for each file ---- */

/* A file that is set. error NULL, or not set: what it is not good for is another's fault. */
static void add_file(struct check *check, const struct option *option, bool is_good,
                     const struct error *error)
{
    if (option->value == NULL)
        return;
    if (is_good)
        findings_add_ok(&check->findings, option->keyword, "%s", describe_file(option));
    else if (error != NULL && error_is_set(error))
        findings_add_error(&check->findings, check_needs_files(check), option->keyword, error);
    else
        findings_add_skipped(&check->findings, option->keyword, "%s", describe_file(option));
}

static void add_good_files(struct check *check)
{
    const struct tls_options *tls = &check->tls;
    const struct credentials *credentials = check->credentials;
    if (credentials->trust != NULL)
        add_trust(check, &tls->root_cert);
    if (credentials->has_identity)
        add_identity(check, &tls->cert);
    add_file(check, &tls->key, true, NULL);
    add_file(check, &tls->crl, true, NULL);
    add_file(check, &tls->crl_dir, true, NULL);
    for (size_t i = 0; i < credentials->crls.count; i++)
        add_crl(check, credentials->crls.items[i]);
}

/* Which of them it is; the first error of all is what a connection would say. */
static void add_bad_files(struct check *check, const struct error errors[CREDENTIALS_PART_COUNT])
{
    const struct tls_options *tls = &check->tls;
    const struct error *trust = &errors[CREDENTIALS_TRUST], *crls = &errors[CREDENTIALS_CRLS],
                       *identity = &errors[CREDENTIALS_IDENTITY];
    bool is_trusting = !error_is_set(trust), is_identified = !error_is_set(identity);
    if (check_needs_files(check))
        findings_blame(&check->findings, !is_trusting         ? trust
                                         : error_is_set(crls) ? crls
                                                              : identity);
    add_file(check, &tls->root_cert, is_trusting, trust);
    add_file(check, tls->cert.value != NULL ? &tls->cert : &tls->key, is_identified, identity);
    if (tls->cert.value != NULL)
        add_file(check, &tls->key, is_identified, NULL);
    add_file(check, tls->crl.value != NULL ? &tls->crl : &tls->crl_dir,
             is_trusting && !error_is_set(crls), crls);
}

void check_files(struct check *check)
{
    struct error *errors = memory_clear(CREDENTIALS_PART_COUNT * sizeof *errors);
    check->findings.section = SECTION_FILES;
    check_driver(check);
    check_transport(check);
    const char *user = profile_get(check->link->profile, &check->link->target.settings,
                                   check->link->profile->user_keyword);
    struct tls_options strict = check->tls;
    strict.mode = ODBCSSL_MODE_VERIFY_FULL;
    check->credentials = credentials_get_parts(&check->tls, user, errors);
    if (check->credentials != NULL) {
        check->strict = credentials_get(&strict, user, &check->strict_error);
        add_good_files(check);
    } else {
        add_bad_files(check, errors);
    }
}
