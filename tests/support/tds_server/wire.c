/* wire.c - packets over the socket: in plaintext, in TLS records, and handshakes in packets. */
#include "support/tds_server/wire.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_HEADER_SIZE 5
#define RECORD_SIZE (16384 + 2048)
#define SMP_HEADER_SIZE 16
#define SPLIT_SIZE 37

void wire_open(struct wire *wire, int descriptor, enum misbehaviour misbehaviour)
{
    memset(wire, 0, sizeof *wire);
    wire->descriptor = descriptor;
    wire->misbehaviour = misbehaviour;
    wire->packet_size = FIRST_PACKET_SIZE;
    int yes = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

bool wire_read_bytes(struct wire *wire, void *bytes, size_t size)
{
    char *next = bytes;
    while (size > 0) {
        ssize_t got = read(wire->descriptor, next, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        next += got;
        size -= (size_t)got;
    }
    return true;
}

bool wire_write_bytes(struct wire *wire, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0) {
        ssize_t sent = send(wire->descriptor, next, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0) {
            wire->is_broken = true;
            return false;
        }
        next += sent;
        size -= (size_t)sent;
    }
    return true;
}

void wire_hold(struct wire *wire, bool is_held)
{
    int value = is_held;
    setsockopt(wire->descriptor, IPPROTO_TCP, TCP_CORK, &value, sizeof value);
}

int wire_peek(struct wire *wire)
{
    unsigned char byte;
    ssize_t got = recv(wire->descriptor, &byte, 1, MSG_PEEK);
    return got == 1 ? byte : -1;
}

static size_t make_header(unsigned char *header, uint8_t type, uint8_t status, size_t size,
                          const struct wire *wire)
{
    size_t length = size + HEADER_SIZE;
    header[0] = type;
    header[1] = status;
    header[2] = (unsigned char)(length >> 8);
    header[3] = (unsigned char)length;
    header[4] = (unsigned char)(wire->spid >> 8);
    header[5] = (unsigned char)wire->spid;
    header[6] = wire->packet_id;
    header[7] = 0;
    return HEADER_SIZE;
}

/* A flight of the handshake is one message. */
static bool flush_wrapped(struct wire *wire, const char *bytes, size_t size)
{
    size_t limit = FIRST_PACKET_SIZE - HEADER_SIZE;
    uint8_t type = PACKET_PRELOGIN;
    if (wire->misbehaviour == MISBEHAVE_SPLIT_HANDSHAKE)
        limit = SPLIT_SIZE;
    if (wire->misbehaviour == MISBEHAVE_REPLY_HANDSHAKE)
        type = PACKET_REPLY;
    wire->packet_id = 0;
    while (size > 0) {
        unsigned char header[HEADER_SIZE];
        size_t part = size < limit ? size : limit;
        make_header(header, type, part == size ? STATUS_LAST : 0, part, wire);
        wire->packet_id++;
        if (!wire_write_bytes(wire, header, sizeof header) || !wire_write_bytes(wire, bytes, part))
            return false;
        bytes += part;
        size -= part;
    }
    return true;
}

static bool flush_tls(struct wire *wire)
{
    char *bytes;
    long size = BIO_get_mem_data(wire->out, &bytes);
    if (size <= 0)
        return true;
    bool is_sent = wire->is_wrapped ? flush_wrapped(wire, bytes, (size_t)size)
                                    : wire_write_bytes(wire, bytes, (size_t)size);
    (void)BIO_reset(wire->out);
    return is_sent;
}

/* Never more than one record or handshake packet: what follows may be plaintext again. */
static bool feed_tls(struct wire *wire)
{
    unsigned char header[HEADER_SIZE], body[65536];
    size_t header_size = wire->is_wrapped ? HEADER_SIZE : RECORD_HEADER_SIZE;
    if (!wire_read_bytes(wire, header, header_size))
        return false;
    size_t size = wire->is_wrapped ? (size_t)(header[2] << 8 | header[3])
                                   : (size_t)(header[3] << 8 | header[4]);
    if (wire->is_wrapped) {
        if (header[0] != PACKET_PRELOGIN || size < HEADER_SIZE || size > FIRST_PACKET_SIZE) {
            log_event("violation handshake packet type=0x%02x length=%zu", header[0], size);
            return false;
        }
        size -= HEADER_SIZE;
    } else {
        if (size > RECORD_SIZE) {
            log_event("violation record length=%zu", size);
            return false;
        }
        BIO_write(wire->in, header, RECORD_HEADER_SIZE);
    }
    if (!wire_read_bytes(wire, body, size))
        return false;
    BIO_write(wire->in, body, (int)size);
    return true;
}

static void log_tls(SSL *ssl, bool is_wrapped)
{
    const unsigned char *alpn;
    unsigned int alpn_length;
    char subject[256] = "";
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    SSL_get0_alpn_selected(ssl, &alpn, &alpn_length);
    if (certificate != NULL)
        X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    X509_free(certificate);
    log_event("tls version=%s cipher=%s wrapped=%s resumed=%d alpn=%.*s sni=%s client=%s",
              SSL_get_version(ssl), SSL_get_cipher_name(ssl), is_wrapped ? "yes" : "no",
              SSL_session_reused(ssl), (int)alpn_length, alpn != NULL ? (const char *)alpn : "",
              name != NULL ? name : "", subject);
}

bool wire_start_tls(struct wire *wire, SSL_CTX *context, bool is_wrapped)
{
    wire->ssl = SSL_new(context);
    wire->in = BIO_new(BIO_s_mem());
    wire->out = BIO_new(BIO_s_mem());
    wire->is_wrapped = is_wrapped;
    wire->is_strict = !is_wrapped;
    BIO_set_mem_eof_return(wire->in, -1);
    BIO_set_mem_eof_return(wire->out, -1);
    SSL_set_bio(wire->ssl, wire->in, wire->out);
    for (;;) {
        int outcome = SSL_accept(wire->ssl);
        int error = SSL_get_error(wire->ssl, outcome);
        bool is_flushed = flush_tls(wire);
        if (outcome == 1 && is_flushed)
            break;
        if (error != SSL_ERROR_WANT_READ || !is_flushed || !feed_tls(wire)) {
            char text[256];
            ERR_error_string_n(ERR_get_error(), text, sizeof text);
            log_event("tls-failed %s", text);
            wire->is_broken = true;
            return false;
        }
    }
    wire->is_wrapped = false;
    log_tls(wire->ssl, is_wrapped);
    return true;
}

void wire_drop_tls(struct wire *wire)
{
    SSL_free(wire->ssl);
    wire->ssl = NULL;
}

/* Whether a packet, or the end, comes within milliseconds. */
static bool has_input(struct wire *wire, int milliseconds)
{
    struct pollfd waiting = {.fd = wire->descriptor, .events = POLLIN};
    if ((wire->has_smp && smp_has_packet(wire)) || buffer_length(&wire->record) > 0)
        return true;
    return poll(&waiting, 1, milliseconds) > 0;
}

void wire_close(struct wire *wire)
{
    if (wire->ssl != NULL && !wire->is_broken) {
        SSL_shutdown(wire->ssl);
        flush_tls(wire);
    }
    SSL_free(wire->ssl);
    for (size_t i = 0; i < SMP_SESSION_LIMIT; i++)
        buffer_free(&wire->sessions[i].input);
    buffer_clear(&wire->record);
    /* Closed with bytes unread, the socket would be reset, and the last reply lost. */
    shutdown(wire->descriptor, SHUT_WR);
    char drain[4096];
    while (has_input(wire, 1000) && read(wire->descriptor, drain, sizeof drain) > 0)
        continue;
    close(wire->descriptor);
    buffer_free(&wire->record);
}

/* One record that carries data. */
static bool read_record(struct wire *wire, struct buffer *unit)
{
    unsigned char bytes[RECORD_SIZE];
    for (;;) {
        int got = SSL_read(wire->ssl, bytes, sizeof bytes);
        if (got > 0) {
            wire->records++;
            return buffer_append(unit, bytes, (size_t)got);
        }
        int error = SSL_get_error(wire->ssl, got);
        if (error == SSL_ERROR_ZERO_RETURN) {
            log_event("close-notify");
            return false;
        }
        if (error != SSL_ERROR_WANT_READ || !flush_tls(wire) || !feed_tls(wire)) {
            wire->is_broken = true;
            return false;
        }
    }
}

static bool read_plain(struct wire *wire, struct buffer *unit)
{
    unsigned char header[SMP_HEADER_SIZE];
    size_t header_size = HEADER_SIZE;
    if (!wire_read_bytes(wire, header, HEADER_SIZE))
        return false;
    size_t size = (size_t)(header[2] << 8 | header[3]);
    if (wire->has_smp && header[0] == PACKET_SMP) {
        header_size = SMP_HEADER_SIZE;
        if (!wire_read_bytes(wire, header + HEADER_SIZE, SMP_HEADER_SIZE - HEADER_SIZE))
            return false;
        size = header[4] | (size_t)header[5] << 8 | (size_t)header[6] << 16;
    }
    if (size < header_size || !buffer_append(unit, header, header_size))
        return false;
    unsigned char *body = buffer_reserve(unit, size - header_size);
    if (size > header_size && (body == NULL || !wire_read_bytes(wire, body, size - header_size)))
        return false;
    buffer_added(unit, size - header_size);
    return true;
}

/* One packet of a record that may hold several, or parts. */
static bool read_strict(struct wire *wire, struct buffer *unit)
{
    for (;;) {
        size_t length = buffer_length(&wire->record);
        const unsigned char *bytes = length > 0 ? buffer_content(&wire->record) : NULL;
        size_t size = length >= HEADER_SIZE ? (size_t)(bytes[2] << 8 | bytes[3]) : HEADER_SIZE;
        if (length >= HEADER_SIZE && length >= size) {
            bool is_read = size >= HEADER_SIZE && buffer_append(unit, bytes, size);
            buffer_take(&wire->record, size);
            return is_read;
        }
        if (!read_record(wire, &wire->record))
            return false;
    }
}

bool wire_read_unit(struct wire *wire, struct buffer *unit)
{
    buffer_clear(unit);
    if (wire->is_strict && !wire->has_smp)
        return read_strict(wire, unit);
    return wire->ssl != NULL ? read_record(wire, unit) : read_plain(wire, unit);
}

bool wire_write_unit(struct wire *wire, const void *bytes, size_t size)
{
    if (wire->ssl == NULL)
        return wire_write_bytes(wire, bytes, size);
    return SSL_write(wire->ssl, bytes, (int)size) == (int)size && flush_tls(wire);
}

bool packet_parse(const unsigned char *bytes, size_t size, struct packet *packet)
{
    if (size < HEADER_SIZE || (size_t)(bytes[2] << 8 | bytes[3]) != size)
        return false;
    packet->type = bytes[0];
    packet->status = bytes[1];
    buffer_clear(&packet->payload);
    return size == HEADER_SIZE ||
           buffer_append(&packet->payload, bytes + HEADER_SIZE, size - HEADER_SIZE);
}

/* SQL Server ends a connection whose record is not one packet, or whose packet is above the size
 * that was settled. */
static bool check_packet(struct wire *wire, const struct buffer *unit, struct packet *packet)
{
    if (!packet_parse(buffer_content(unit), buffer_length(unit), packet)) {
        log_event("violation %zu bytes are not one packet", buffer_length(unit));
        return false;
    }
    if (buffer_length(unit) > wire->packet_size) {
        log_event("violation packet of %zu bytes, %zu are allowed", buffer_length(unit),
                  wire->packet_size);
        return false;
    }
    return true;
}

bool wire_read_packet(struct wire *wire, struct packet *packet)
{
    struct buffer unit = {0};
    packet->session = 0;
    if (wire->has_smp)
        return smp_read_packet(wire, packet);
    bool is_read = wire_read_unit(wire, &unit) && check_packet(wire, &unit, packet);
    wire->packets += is_read && wire->ssl != NULL;
    buffer_free(&unit);
    return is_read;
}

/* The session's input begins with an attention when one came: it has no other request open. */
static bool take_attention(struct wire *wire)
{
    struct buffer *input = &wire->sessions[wire->session].input;
    bool is_attention =
        buffer_length(input) >= HEADER_SIZE && *buffer_content(input) == PACKET_ATTENTION;
    if (is_attention)
        buffer_take(input, HEADER_SIZE);
    return is_attention;
}

enum wire_event wire_wait_attention(struct wire *wire, int milliseconds)
{
    struct pollfd waiting = {.fd = wire->descriptor, .events = POLLIN};
    struct packet packet = {0};
    if (wire->has_smp && take_attention(wire))
        return WIRE_ATTENTION;
    if (buffer_length(&wire->record) == 0 && poll(&waiting, 1, milliseconds) <= 0)
        return WIRE_NOTHING;
    if (wire->has_smp) {
        if (!smp_read_frame(wire))
            return WIRE_ENDED;
        return take_attention(wire) ? WIRE_ATTENTION : WIRE_NOTHING;
    }
    bool is_read = wire_read_packet(wire, &packet);
    buffer_free(&packet.payload);
    if (is_read && packet.type != PACKET_ATTENTION)
        log_event("violation packet type=0x%02x during a request", packet.type);
    return is_read && packet.type == PACKET_ATTENTION ? WIRE_ATTENTION : WIRE_ENDED;
}

bool wire_write_packet(struct wire *wire, uint8_t type, uint8_t status, const void *payload,
                       size_t size)
{
    unsigned char bytes[32768 + HEADER_SIZE];
    size_t header = make_header(bytes, type, status, size, wire);
    wire->packet_id++;
    if (size > 0)
        memcpy(bytes + header, payload, size);
    if (wire->has_smp)
        return smp_write_packet(wire, bytes, header + size);
    return wire_write_unit(wire, bytes, header + size);
}
