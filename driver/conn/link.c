/*
 * link.c - the steps before the first attempt, one function each, as `odbcssl check` takes them one
 * by one: settings, files, server, credentials, transport.
 */
#include "conn/link.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"
#include "base/text.h"
#include "interpose/interpose.h"
#include "session/browser.h"
#include "tls/verify.h"

/* A log that cannot be written is no reason not to connect. */
static void open_log(struct link *link, struct error_list *warnings)
{
    const struct option *trace = &link->settings.tls.trace;
    struct error error = {0};
    link->log = log_open(trace->value, &error);
    if (error_is_set(&error))
        error_list_add(warnings, ODBCSSL_WARNING_TRACE, "%s (%s); nothing is logged%s", error.text,
                       trace->source, text_explain_oddity(trace->value));
}

/* The way to TLS: SslProtocol, else what the real driver is known to speak. */
static bool choose_protocol(struct link *link, struct error *error)
{
    enum database_protocol protocol = link->settings.tls.protocol;
    if (protocol == DATABASE_PROTOCOL_AUTO)
        protocol = link->profile->protocol;
    if (protocol == DATABASE_PROTOCOL_AUTO)
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_VALUE,
            "SslProtocol is not set, and the real driver %s is not one whose database is "
            "known: set SslProtocol to postgresql, tds, mysql or none",
            link->settings.driver_path);
    link->proto = proto_find(protocol);
    return true;
}

bool link_find_server(struct link *link, struct error *error)
{
    if (!profile_find_server(link->profile, &link->settings, &link->target, error))
        return false;
    const char *address = link->target.address != NULL ? link->target.address : link->target.host;
    if (!dial_resolve(address, link->target.port, &link->server, error))
        return false;
    /* The name that is verified is the one the user wrote, wherever it is dialled. */
    char *host = strdup(link->target.host);
    if (host == NULL)
        return error_set_memory(error);
    free(link->server.host);
    link->server.host = host;
    link->target.full_name = link->server.full_name;
    link->server.full_name = NULL;
    if (link->target.instance == NULL)
        return true;
    bool is_found = browser_find_port(&link->server, link->target.instance, link->timeout, error);
    link->target.port = link->server.port;
    return is_found;
}

bool link_load_driver(struct link *link, struct error *error)
{
    link->driver = driver_load(link->settings.driver_path, error);
    return link->driver != NULL;
}

bool link_choose_transport(struct link *link, struct error *error)
{
    enum transport_choice choice = link->settings.tls.transport;
    struct error reason = {0};
    link->way = ODBCSSL_TRANSPORT_RELAY;
    if (choice == TRANSPORT_RELAY)
        return true;
    /* SQLAllocHandle is there in every driver that was loaded: it leads to the driver's library. */
    link->libraries =
        interpose_prepare((const void *)link->driver->functions.SQLAllocHandle, &reason);
    if (link->libraries != NULL) {
        link->way = ODBCSSL_TRANSPORT_INTERPOSED;
        return true;
    }
    if (choice == TRANSPORT_INTERPOSE)
        return error_set(
            error, ODBCSSL_ERROR_TRANSPORT,
            "SslTransport=interpose, but the real driver %s cannot be interposed: %s. Set "
            "SslTransport to auto or relay",
            link->driver->path, reason.text);
    log_write(link->log, "the relay serves, as the real driver cannot be interposed: %s",
              reason.text);
    link->relayed = strdup(reason.text);
    return true;
}

static const char *find_user(const struct link *link)
{
    return profile_get(link->profile, &link->target.settings, link->profile->user_keyword);
}

static bool load_credentials(struct link *link, struct error *error)
{
    if (link->settings.tls.mode == ODBCSSL_MODE_DISABLE)
        return true;
    link->credentials = credentials_get(&link->settings.tls, find_user(link), error);
    return link->credentials != NULL;
}

/* Also where no certificate will come: a pin that cannot be read protects nobody. */
static bool check_pin(const struct link *link, struct error *error)
{
    const struct option *pin = &link->settings.tls.pin;
    char text[OPTION_TEXT_SIZE];
    if (pin->value == NULL || verify_pin_is_valid(pin->value))
        return true;
    return error_set(
        error, ODBCSSL_ERROR_KEYWORD_VALUE,
        "%s: the value is malformed; it takes sha256: and a certificate's SHA-256 digest in "
        "hexadecimal, or that of its public key in base64; several with commas between",
        option_describe(pin, text, sizeof text));
}

/* The shorter one counts when the application sets a login time-out, too: the real driver obeys it
 * in any case. */
static void choose_timeout(struct link *link, unsigned long login_timeout)
{
    unsigned timeout = link->settings.tls.timeout;
    bool is_login = login_timeout != 0 && (timeout == 0 || login_timeout < timeout);
    bool is_set = !is_login && timeout != 0;
    if (is_login)
        timeout = login_timeout < UINT_MAX ? (unsigned)login_timeout : UINT_MAX;
    link->timeout = timeout != 0 ? timeout : TLS_DEFAULT_TIMEOUT;
    snprintf(link->timeout_source, sizeof link->timeout_source, "%s%s",
             is_login ? "the application's login time-out"
             : is_set ? "SslTimeout, "
                      : "the default of SslTimeout",
             is_set ? link->settings.items[KEY_INDEX_SslTimeout].source : "");
}

/* A misspelt keyword has no other place to show. */
static void log_unknown(const struct link *link)
{
    const struct connstr *list = &link->settings.driver_settings;
    for (size_t i = 0; i < list->count; i++)
        if (list->pairs[i].origin != CONNSTR_DRIVER_SECTION &&
            !profile_knows(link->profile, list->pairs[i].keyword))
            log_write(link->log, "the keyword %s is left out: the real driver does not know it",
                      list->pairs[i].keyword);
}

/* Frees what cannot be used. */
static void refuse(struct link **link, const struct error *error)
{
    log_write((*link)->log, "refused before connecting: %s", error->text);
    link_close(link);
}

struct link *link_open_settings(const struct connstr *given, unsigned long login_timeout,
                                struct error_list *warnings, struct error *error)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        error_set_memory(error);
        return NULL;
    }
    link->generation = fork_generation();
    atomic_init(&link->references, 1);
    bool is_good = settings_resolve(given, &link->settings, error);
    if (is_good) {
        open_log(link, warnings);
        link->profile = profile_find(link->settings.family);
        choose_timeout(link, login_timeout);
        log_unknown(link);
        is_good = profile_read(link->profile, &link->settings, &link->target, error) &&
                  check_pin(link, error) && choose_protocol(link, error);
    }
    if (!is_good)
        refuse(&link, error);
    return link;
}

struct link *link_open(const struct connstr *given, unsigned long login_timeout,
                       struct error_list *warnings, struct error *error)
{
    struct link *link = link_open_settings(given, login_timeout, warnings, error);
    if (link != NULL && !(link_load_driver(link, error) && link_choose_transport(link, error) &&
                          load_credentials(link, error) && link_find_server(link, error)))
        refuse(&link, error);
    return link;
}

static void free_link(struct link *link)
{
    credentials_release(&link->credentials);
    dial_target_free(&link->server);
    profile_target_free(&link->target);
    settings_free(&link->settings);
    free(link->relayed);
    log_close(&link->log);
    free(link);
}

static void hold(void *owner)
{
    struct link *link = owner;
    atomic_fetch_add(&link->references, 1);
}

/* By the thread of a relay that did not end in time as well. */
static void release(void *owner)
{
    struct link *link = owner;
    if (atomic_fetch_sub(&link->references, 1) == 1)
        free_link(link);
}

void link_close(struct link **link_address)
{
    struct link *link = *link_address;
    *link_address = NULL;
    if (link == NULL)
        return;
    if (*guard_place() == &link->transport.guard)
        *guard_place() = NULL; /* a call was left by a jump */
    transport_close(&link->transport);
    /* The threads that might use it do not exist in a forked child. */
    if (fork_is_inherited(link->generation))
        free_link(link);
    else
        release(link);
}

bool link_start_transport(struct link *link, enum proto_plan plan, struct error *error)
{
    transport_close(&link->transport);
    const struct session_options options = {
        .proto = link->proto,
        .plan = plan,
        .is_login_only_allowed = link->settings.tls.mode == ODBCSSL_MODE_ALLOW,
        .tls = &link->settings.tls,
        .credentials = link->credentials,
        .user = find_user(link),
        .target = &link->server,
        .timeout = link->timeout,
        .timeout_source = link->timeout_source,
        .log = link->log,
        .owner = link,
        .hold = hold,
        .release = release,
    };
    return transport_open(
        &link->transport, link->way, &options,
        plan == PROTO_PLAN_PLAINTEXT ? ENDPOINT_LOOPBACK : link->profile->endpoint, error);
}
