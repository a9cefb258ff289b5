/* fetch.c - `odbcssl fetch`: the certificates that a server sends, to be compared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "command/arguments.h"
#include "command/chain.h"
#include "command/command.h"
#include "command/memory.h"
#include "command/progress.h"
#include "config/keys.h"
#include "conn/profiles.h"
#include "session/probe.h"

#define TIMEOUT 30

static const struct {
    enum database_protocol protocol;
    const char *word;
    const struct profile *profile;
} protocols[] = {
#define DATABASE(name, word, its_proto, its_profile, libraries)                                    \
    {DATABASE_PROTOCOL_##name, word, &its_profile},
#include "base/databases.def"
    {DATABASE_PROTOCOL_NONE, "none", &profile_unknown},
};

struct fetch {
    const char *server;
    const char *out;
    enum database_protocol protocol;
    char *host;
    uint16_t port;
    struct probe *probe;
};

static bool find_protocol(const char *word, struct fetch *fetch)
{
    for (size_t i = 0; word != NULL && i < sizeof protocols / sizeof protocols[0]; i++)
        if (text_equal_nocase(word, protocols[i].word)) {
            fetch->protocol = protocols[i].protocol;
            fetch->port = protocols[i].profile->default_port;
            return true;
        }
    fprintf(stderr, "odbcssl: --protocol is postgresql, tds, mysql or none\n");
    return false;
}

/* As far as the handshake, whatever the server is: its certificates are wanted, not its trust. */
static bool ask(struct fetch *fetch, struct error *error)
{
    struct tls_options tls = {.mode = ODBCSSL_MODE_REQUIRE,
                              .send_sni = true,
                              .minimum_version = TLS_VERSION_1_0,
                              .protocol = fetch->protocol};
    struct dial_target target = {0};
    const struct credentials *credentials = NULL;
    if (fetch->protocol == DATABASE_PROTOCOL_NONE)
        tls.negotiation = TLS_NEGOTIATION_DIRECT;
    struct progress *progress = progress_start("asking the server");
    if (dial_resolve(fetch->host, fetch->port, &target, error) &&
        (credentials = credentials_get(&tls, NULL, error)) != NULL) {
        const struct session_options options = {
            .proto = proto_find(fetch->protocol),
            .plan = fetch->protocol == DATABASE_PROTOCOL_NONE ? PROTO_PLAN_DIRECT : PROTO_PLAN_TLS,
            .tls = &tls,
            .credentials = credentials,
            .target = &target,
            .timeout = TIMEOUT,
        };
        fetch->probe = probe_run(&options);
        memory_check(fetch->probe != NULL);
        error_copy(error, &fetch->probe->error);
    }
    progress_stop(&progress);
    credentials_release(&credentials);
    dial_target_free(&target);
    return fetch->probe != NULL && fetch->probe->tls != NULL;
}

static void print_certificate(FILE *out, const struct chain_certificate *item, size_t i)
{
    char from[CLOCK_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
    fprintf(out, "%s\n", i == 0 ? "Server certificate" : "Certificate that came with it");
    fprintf(out, "  subject    %s\n  issuer     %s\n  serial     %s\n", item->subject, item->issuer,
            item->serial);
    fprintf(out, "  valid      %s to %s\n  key        %s\n",
            clock_format_date(item->not_before, from), clock_format_date(item->not_after, until),
            item->key);
    if (item->names[0] != '\0')
        fprintf(out, "  names      %s\n", item->names);
    fprintf(out, "  SHA-256    %s\n", item->fingerprint);
}

static bool write_pem(FILE *out, const gnutls_datum_t *der)
{
    gnutls_datum_t pem = {NULL, 0};
    if (gnutls_pem_base64_encode2("CERTIFICATE", der, &pem) != 0)
        return false;
    bool is_written = fwrite(pem.data, 1, pem.size, out) == pem.size;
    gnutls_free(pem.data);
    return is_written;
}

/* What lies there already may be what somebody trusts; half a chain is none. */
static bool write_file(const struct fetch *fetch, const gnutls_datum_t *chain, size_t count,
                       struct error *error)
{
    int descriptor = open(fetch->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    FILE *out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    bool is_written = out != NULL;
    for (size_t i = 0; i < count && is_written; i++)
        is_written = write_pem(out, &chain[i]);
    if (out != NULL && fclose(out) != 0)
        is_written = false;
    if (is_written)
        return true;
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno, "--out=%s", fetch->out);
    if (descriptor >= 0)
        unlink(fetch->out);
    return false;
}

static bool show(const struct fetch *fetch, struct error *error)
{
    unsigned count = 0;
    const gnutls_datum_t *chain = tls_session_peer_chain(fetch->probe->tls, &count);
    if (chain == NULL || count == 0) {
        error_copy(error, &fetch->probe->error);
        return error_set(error, ODBCSSL_ERROR_HANDSHAKE, "the server sent no certificate");
    }
    const struct chain shown = chain_read_sent(chain, count);
    for (size_t i = 0; i < shown.count; i++) {
        print_certificate(stdout, &shown.items[i], i);
        if (fetch->out == NULL)
            write_pem(stdout, &chain[i]);
    }
    printf(
        "This is what answered on %s, port %u, now. It is no trust: whoever is on the way could\n"
        "answer in the server's place. Compare the SHA-256 fingerprint with what the server's\n"
        "administrator says, over another way, before SslRootCert or SslPin names any of it.\n",
        fetch->host, fetch->port);
    return fetch->out == NULL || write_file(fetch, chain, count, error);
}

int command_fetch(int argc, char **argv)
{
    struct fetch fetch = {0};
    struct error refusal = {0}, error = {0};
    const char *protocol = NULL;
    uint16_t port = 0;
    const struct argument rows[] = {
        {"protocol", 0, .text = &protocol}, {"out", 0, .text = &fetch.out}, {0}};
    if (!arguments_read(argc, argv, rows, &fetch.server) || fetch.server == NULL ||
        !find_protocol(protocol, &fetch))
        return COMMAND_WRONG_USE;
    bool is_found = arguments_server(fetch.server, &fetch.host, &port, &refusal);
    fetch.port = port != 0 ? port : fetch.port;
    if (is_found && fetch.port == 0)
        is_found =
            error_set(&refusal, ODBCSSL_ERROR_SERVER_MISSING,
                      "%s: --protocol none has no usual port: HOST:PORT is wanted", fetch.server);
    bool is_shown = is_found && ask(&fetch, &refusal) && show(&fetch, &error);
    probe_free(&fetch.probe);
    return is_shown ? COMMAND_GOOD : fail(error_is_set(&error) ? &error : &refusal);
}
