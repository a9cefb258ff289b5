/* engine_rig.c - both ends of a session, in memory. */
#include "engine_rig.h"

#include <arpa/inet.h>
#include <string.h>

#include "support/suite.h"

#define HOST "db1.example.com"

const unsigned char engine_startup[] = "\0\0\0\x13\0\3\0\0user\0demo\0";
const size_t engine_startup_size = 0x13;
const unsigned char engine_welcome[] = "R\0\0\0\x08\0\0\0\0K\0\0\0\x0c\0\0\0\7\0\0\0\x09Z\0\0\0\5I";
const size_t engine_welcome_size = sizeof engine_welcome - 1;

static char *folder, *ca_file;
static struct pki_certificate *ca, *leaf;
static const struct pki_certificate *chain[2];

int engine_files_make(void)
{
    ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    leaf = ca != NULL ? pki_issue(&(struct pki_spec){
                            .common_name = HOST, .issuer = ca, .dns = PKI_LIST(HOST)})
                      : NULL;
    folder = pki_temp_dir();
    if (leaf == NULL || folder == NULL)
        return -1;
    chain[0] = leaf;
    ca_file = suite_text("%s/ca.pem", folder);
    return pki_write_pem(ca_file, ca, NULL) ? 0 : -1;
}

int engine_files_remove(void)
{
    pki_temp_dir_remove(&folder);
    return 0;
}

struct engine_rig engine_make(enum proto_plan plan)
{
    static const unsigned char request[] = "\0\0\0\x08\x04\xd2\x16\x2f";
    struct engine_rig rig = {
        .words = {.request = {request, sizeof request - 1},
                  .consent = {(const unsigned char *)"S", 1},
                  .startup = {engine_startup, engine_startup_size},
                  .welcome = {engine_welcome, engine_welcome_size}},
        .tls = {.mode = ODBCSSL_MODE_VERIFY_FULL,
                .root_cert = {ca_file, "SslRootCert", (char *)"test"},
                .send_sni = true,
                .minimum_version = TLS_VERSION_1_2},
        .target = {.host = (char *)HOST, .port = 5432, .count = 1},
        .options = {.proto = &proto_postgres, .plan = plan, .timeout = 20},
        .now = 1000000,
        .piece = SIZE_MAX,
    };
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(5432), .sin_addr.s_addr = htonl(0xC0000207)};
    memcpy(&rig.target.addresses[0].address, &address, sizeof address);
    rig.target.addresses[0].length = sizeof address;
    return rig;
}

char *engine_write_crl(bool is_revoked)
{
    char *path = suite_text("%s/root.crl", folder);
    const struct pki_revoked revoked = {.certificate = leaf};
    struct buffer crl = {0};
    CHECK(pki_crl(
        &(struct pki_crl_spec){.issuer = ca, .revoked = &revoked, .revoked_count = is_revoked},
        &crl));
    CHECK(pki_write_crl_pem(path, &crl));
    buffer_free(&crl);
    return path;
}

static void open_session(struct engine_rig *rig)
{
    rig->session = session_open(rig->record, rig->now, &rig->error);
    CHECK_FATAL(rig->session != NULL);
    const struct tls_server_options server = {
        .chain = chain, .alpn = rig->options.proto == &proto_postgres ? "postgresql" : NULL};
    CHECK_FATAL(tls_server_open(&rig->server, &server, &rig->from_client, &rig->to_client));
    if (rig->options.plan == PROTO_PLAN_DIRECT)
        rig->stage = ENGINE_SERVER_HANDSHAKE;
    if (rig->options.plan == PROTO_PLAN_PLAINTEXT)
        rig->stage = ENGINE_SERVER_STARTUP;
    session_start(rig->session, 0);
}

void engine_open(struct engine_rig *rig)
{
    rig->options.tls = &rig->tls;
    rig->options.target = &rig->target;
    rig->credentials = credentials_get(&rig->tls, NULL, &rig->error);
    rig->options.credentials = rig->credentials;
    rig->record = session_record_open(&rig->options);
    CHECK_FATAL(rig->credentials != NULL && rig->record != NULL);
    open_session(rig);
}

void engine_open_again(struct engine_rig *rig)
{
    session_free(&rig->session);
    tls_server_close(&rig->server);
    buffer_clear(&rig->to_client);
    buffer_clear(&rig->from_client);
    buffer_clear(&rig->received);
    rig->stage = ENGINE_SERVER_START;
    open_session(rig);
}

void engine_close(struct engine_rig *rig)
{
    session_free(&rig->session);
    session_record_release(&rig->record);
    credentials_release(&rig->credentials);
    tls_server_close(&rig->server);
    buffer_free(&rig->to_client);
    buffer_free(&rig->from_client);
    buffer_free(&rig->received);
}

/* --- the server --- */

static bool is_plain(const struct engine_rig *rig)
{
    return rig->options.plan == PROTO_PLAN_PLAINTEXT;
}

void engine_server_send(struct engine_rig *rig, const void *bytes, size_t size)
{
    if (is_plain(rig))
        buffer_append(&rig->to_client, bytes, size);
    else
        CHECK(gnutls_record_send(rig->server.session, bytes, size) == (ssize_t)size);
}

/* How many bytes came. */
static size_t receive(struct engine_rig *rig)
{
    unsigned char bytes[16384];
    ssize_t got = (ssize_t)buffer_length(&rig->from_client);
    if (!is_plain(rig)) {
        got = gnutls_record_recv(rig->server.session, bytes, sizeof bytes);
    } else {
        got = got < (ssize_t)sizeof bytes ? got : (ssize_t)sizeof bytes;
        if (got > 0)
            memcpy(bytes, buffer_content(&rig->from_client), (size_t)got);
        buffer_take(&rig->from_client, (size_t)got);
    }
    if (got <= 0)
        return 0;
    buffer_append(&rig->received, bytes, (size_t)got);
    if (rig->stage == ENGINE_SERVER_READY && rig->records < 16)
        rig->record_sizes[rig->records++] = (size_t)got;
    if (rig->stage == ENGINE_SERVER_READY && !rig->is_silent)
        engine_server_send(rig, bytes, (size_t)got);
    return (size_t)got;
}

/* true: something happened. */
static bool act(struct engine_rig *rig)
{
    const struct engine_words *words = &rig->words;
    switch (rig->stage) {
    case ENGINE_SERVER_START:
        if (buffer_length(&rig->from_client) < words->request.size)
            return false;
        CHECK(memcmp(buffer_content(&rig->from_client), words->request.bytes,
                     words->request.size) == 0);
        CHECK_NUMBER(buffer_length(&rig->from_client), words->request.size);
        buffer_take(&rig->from_client, words->request.size);
        buffer_append(&rig->to_client, words->consent.bytes, words->consent.size);
        rig->stage = ENGINE_SERVER_HANDSHAKE;
        return true;
    case ENGINE_SERVER_HANDSHAKE:
        if (gnutls_handshake(rig->server.session) != 0)
            return false;
        rig->stage = ENGINE_SERVER_STARTUP;
        return true;
    case ENGINE_SERVER_STARTUP:
        if (receive(rig) == 0 || buffer_length(&rig->received) < words->startup.size)
            return false;
        CHECK(memcmp(buffer_content(&rig->received), words->startup.bytes, words->startup.size) ==
              0);
        buffer_take(&rig->received, words->startup.size);
        engine_server_send(rig, words->welcome.bytes, words->welcome.size);
        rig->stage = ENGINE_SERVER_READY;
        return true;
    case ENGINE_SERVER_READY:
        return receive(rig) > 0;
    }
    return false;
}

/* --- the network --- */

bool engine_turn(struct engine_rig *rig)
{
    const unsigned char *bytes;
    size_t size, taken = 0, given = 0;
    session_step(rig->session, rig->now);
    bytes = session_server_bytes(rig->session, &size);
    if (size > 0 && !rig->is_deaf) {
        taken = size < rig->piece ? size : rig->piece;
        buffer_append(&rig->from_client, bytes, taken);
        session_server_sent(rig->session, taken);
    }
    bool has_acted = false;
    while (!rig->is_deaf && act(rig))
        has_acted = true;
    unsigned char *room = session_server_room(rig->session, &size);
    if (room != NULL && buffer_length(&rig->to_client) > 0) {
        given = buffer_length(&rig->to_client) < rig->piece ? buffer_length(&rig->to_client)
                                                            : rig->piece;
        given = given < size ? given : size;
        memcpy(room, buffer_content(&rig->to_client), given);
        buffer_take(&rig->to_client, given);
        session_server_received(rig->session, given);
    }
    session_step(rig->session, rig->now);
    return taken > 0 || given > 0 || has_acted;
}

void engine_run(struct engine_rig *rig)
{
    while (engine_turn(rig))
        ;
}

size_t engine_read(struct engine_rig *rig, void *out, size_t size)
{
    size_t total = 0;
    bool is_going = true;
    while (total < size && is_going) {
        is_going = engine_turn(rig);
        size_t got = session_read(rig->session, (char *)out + total, size - total, false);
        is_going = is_going || got > 0;
        total += got;
    }
    return total;
}

bool engine_write(struct engine_rig *rig, const void *bytes, size_t size)
{
    size_t total = 0;
    for (;;) {
        size_t taken = session_write(rig->session, (const char *)bytes + total, size - total);
        total += taken;
        if (total == size)
            return true;
        if (!engine_turn(rig) && taken == 0)
            return false;
    }
}

bool engine_login(struct engine_rig *rig)
{
    unsigned char bytes[64];
    return engine_write(rig, engine_startup, engine_startup_size) &&
           engine_read(rig, bytes, engine_welcome_size) == engine_welcome_size &&
           memcmp(bytes, engine_welcome, engine_welcome_size) == 0;
}

enum session_outcome engine_outcome(struct engine_rig *rig)
{
    error_clear(&rig->error);
    return session_record_outcome(rig->record, NULL, NULL, &rig->error);
}
