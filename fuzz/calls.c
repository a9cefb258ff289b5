/*
 * calls.c - the calls of a real driver that are led to a session, in any order, with a server that
 * is the other end of a socket in this process.
 *
 * The first byte chooses protocol and plan. Then acts of two bytes, what is done, and how much or
 * how, and for some the bytes themselves. Without a protocol, what either side sends arrives as it
 * was sent; what is told to be ready is ready; no other address is reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/target.h"
#include "interpose/interposition.h"
#include "support/tls_server.h"

#define CHOOSE_PROTO 0x03
#define CHOOSE_UNIX 0x10
#define CHOOSE_TLS 0x20
#define ACT_LIMIT 200
#define LINE_LIMIT 3

/* One connection of the real driver, and the server's end of it. */
struct line {
    int driver, server;    /* -1: closed, or never there */
    struct tls_server tls; /* session NULL: plaintext */
    bool is_shaken;        /* the server's handshake is over */
    bool is_spoiled;       /* something else was sent than what has to arrive */
    unsigned sent, received;
    unsigned written, taken;
};

static struct {
    struct tls_options tls;
    struct dial_target target;
    const struct credentials *credentials;
    struct pki_certificate *certificate;
    int listener;
} world;

static struct {
#define CARRIED(name) __typeof__(name) *name;
#define UNCARRIED(name, why)
#include "interpose/carried.def"
} calls;

static struct line lines[LINE_LIMIT];
static struct interposition *interposition;
static struct cursor input;
static bool is_carried; /* bytes go through as they are: there is no protocol but TLS */
static bool is_tls;
static bool had_others; /* more than one session, so that some are there to cancel */

static void *find_call(const char *name)
{
    const struct slots_rule *rule = interpose_rules;
    while (rule->name != NULL && strcmp(rule->name, name) != 0)
        rule++;
    fuzz_require(rule->replacement != NULL);
    return rule->replacement;
}

static void find_calls(void)
{
#define CARRIED(name) calls.name = (__typeof__(name) *)find_call(#name);
#define UNCARRIED(name, why)
#include "interpose/carried.def"
}

/* The server's address is a socket without a file. */
static void make_world(void)
{
    struct dial_address *address = &world.target.addresses[0];
    struct sockaddr_un *name = (struct sockaddr_un *)&address->address;
    struct error error = {0};
    if (world.credentials != NULL)
        return;
    find_calls();
    world.tls = (struct tls_options){
        .mode = ODBCSSL_MODE_REQUIRE, .send_sni = true, .minimum_version = TLS_VERSION_1_2};
    world.credentials = credentials_get(&world.tls, NULL, &error);
    world.certificate = pki_issue(&(struct pki_spec){.common_name = "db"});
    world.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    name->sun_family = AF_UNIX;
    address->length = offsetof(struct sockaddr_un, sun_path);
    fuzz_require(world.credentials != NULL && world.certificate != NULL);
    fuzz_require(bind(world.listener, (struct sockaddr *)name, address->length) == 0);
    address->length = sizeof address->address;
    fuzz_require(getsockname(world.listener, (struct sockaddr *)name, &address->length) == 0);
    fuzz_require(listen(world.listener, 8) == 0);
    world.target.host = (char *)"db";
    world.target.port = 5432;
    world.target.count = 1;
}

static unsigned char pattern(unsigned offset)
{
    return (unsigned char)(offset * 7 + offset / 251);
}

static void hang_up(struct line *line)
{
    if (line->tls.session != NULL)
        tls_server_close(&line->tls);
    if (line->server >= 0)
        close(line->server);
    line->server = -1;
    line->is_shaken = false;
}

/* The pattern, or where there is a protocol bytes of the input; returns how many. */
static size_t make_bytes(unsigned char *bytes, size_t size, unsigned offset)
{
    if (!is_carried) {
        size = size < input.left ? size : input.left;
        if (size > 0)
            memcpy(bytes, cursor_bytes(&input, size), size);
        return size;
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] = pattern(offset + (unsigned)i);
    return size;
}

static void connect_line(struct line *line, uint8_t how)
{
    const struct timeval soon = {.tv_usec = 1000};
    static const struct pki_certificate *chain[2];
    socklen_t length;
    const struct sockaddr *address = interposition_address(interposition, &length);
    (void)how;
    if (line->driver >= 0) {
        fuzz_require(calls.connect(line->driver, address, length) < 0 && errno == EISCONN);
        return;
    }
    hang_up(line);
    *line = (struct line){.server = -1};
    had_others = had_others || line != &lines[0];
    line->driver = calls.socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    fuzz_require(line->driver >= 0 && calls.connect(line->driver, address, length) == 0);
    line->server = accept4(world.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    fuzz_require(line->server >= 0);
    /* Whatever blocks gives up soon. */
    calls.setsockopt(line->driver, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    calls.setsockopt(line->driver, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof soon);
    chain[0] = world.certificate;
    if (is_tls)
        fuzz_require(tls_server_open_socket(
            &line->tls, &(struct tls_server_options){.chain = chain}, line->server));
}

/* --- the server --- */

/* It goes on with the handshake, and takes what came. */
static void serve(struct line *line, uint8_t how)
{
    unsigned char bytes[300];
    ssize_t got = 0;
    (void)how;
    if (line->server < 0)
        return;
    if (line->tls.session != NULL && !line->is_shaken)
        line->is_shaken = gnutls_handshake(line->tls.session) == 0;
    else if (line->tls.session != NULL)
        got = gnutls_record_recv(line->tls.session, bytes, sizeof bytes);
    else
        got = recv(line->server, bytes, sizeof bytes, 0);
    for (ssize_t i = 0; i < got && is_carried && !line->is_spoiled; i++)
        fuzz_require(bytes[i] == pattern(line->taken++) && line->taken <= line->written);
}

static void say(struct line *line, uint8_t how)
{
    unsigned char bytes[512];
    ssize_t done = 0;
    size_t size = make_bytes(bytes, how * 2u, line->sent);
    if (line->server >= 0 && line->tls.session == NULL)
        done = send(line->server, bytes, size, MSG_NOSIGNAL);
    else if (line->is_shaken && size > 0)
        done = gnutls_record_send(line->tls.session, bytes, size);
    line->sent += done > 0 ? (unsigned)done : 0;
}

/* Bytes that no session of TLS sends: what came before may still arrive, and nothing else. */
static void spoil(struct line *line, uint8_t size)
{
    unsigned char bytes[256];
    memset(bytes, size, sizeof bytes);
    if (line->server < 0 || line->tls.session == NULL || size == 0)
        return;
    send(line->server, bytes, size, MSG_NOSIGNAL);
    line->is_spoiled = true;
}

static void end_server(struct line *line, uint8_t how)
{
    if (line->server < 0)
        return;
    if (line->is_shaken && (how & 1) != 0)
        gnutls_bye(line->tls.session, GNUTLS_SHUT_WR);
    if ((how & 2) != 0)
        shutdown(line->server, SHUT_WR);
    else
        hang_up(line);
}

/* --- the real driver --- */

static void check_received(struct line *line, const unsigned char *bytes, ssize_t got, size_t size,
                           bool is_peek)
{
    fuzz_require(got <= (ssize_t)size);
    for (ssize_t i = 0; i < got && is_carried; i++)
        fuzz_require(bytes[i] == pattern(line->received + (unsigned)i));
    if (got > 0 && is_carried)
        fuzz_require(line->received + (unsigned)got <= line->sent);
    if (got > 0 && !is_peek)
        line->received += (unsigned)got;
}

static void receive(struct line *line, uint8_t how)
{
    static const int flags[] = {0,           MSG_DONTWAIT,           MSG_PEEK,
                                MSG_WAITALL, MSG_PEEK | MSG_WAITALL, MSG_OOB};
    size_t size = (how >> 3) * 20;
    int flag = flags[how % 6];
    unsigned char *bytes = malloc(size + 1);
    socklen_t length = 0;
    ssize_t got;
    fuzz_require(bytes != NULL);
    switch (how % 8) {
    case 3:
        got = calls.__recvfrom_chk(line->driver, bytes, size, size, flag, NULL, &length);
        break;
    case 4:
        got = calls.recvfrom(line->driver, bytes, size, flag, NULL, &length);
        break;
    case 5:
        flag = 0;
        got = calls.__read_chk(line->driver, bytes, size, size);
        break;
    case 6:
        flag = 0;
        got = calls.read(line->driver, bytes, size);
        break;
    case 7:
        got = calls.__recv_chk(line->driver, bytes, size, size, flag);
        break;
    default:
        got = calls.recv(line->driver, bytes, size, flag);
    }
    fuzz_require(flag != MSG_OOB || got < 0);
    check_received(line, bytes, got, size, (flag & MSG_PEEK) != 0);
    free(bytes);
}

static void transmit(struct line *line, uint8_t how)
{
    unsigned char bytes[2048];
    size_t size = (how >> 2) * 32;
    ssize_t sent;
    size = make_bytes(bytes, size, line->written);
    if (how % 4 == 0)
        sent = calls.write(line->driver, bytes, size);
    else if (how % 4 == 1)
        sent = calls.sendto(line->driver, bytes, size, MSG_NOSIGNAL, NULL, 0);
    else
        sent =
            calls.send(line->driver, bytes, size, MSG_NOSIGNAL | (how % 4 == 2 ? MSG_DONTWAIT : 0));
    fuzz_require(sent <= (ssize_t)size);
    line->written += sent > 0 ? (unsigned)sent : 0;
}

/* Ready to be read is: there are bytes, an end or an error. */
static void wait_for_all_lines(struct line *line, uint8_t how)
{
    struct pollfd polled[LINE_LIMIT + 1];
    unsigned char byte;
    (void)line;
    for (size_t i = 0; i < LINE_LIMIT; i++)
        polled[i] = (struct pollfd){.fd = lines[i].driver,
                                    .events = (short)(((how & 1) != 0 ? POLLIN : 0) |
                                                      ((how & 2) != 0 ? POLLOUT : 0) |
                                                      ((how & 4) != 0 ? POLLRDHUP : 0))};
    polled[LINE_LIMIT] = (struct pollfd){.fd = world.listener, .events = POLLIN};
    nfds_t wanted = LINE_LIMIT + ((how & 8) != 0);
    int patience = (how & 16) != 0;
    int count = (how & 32) != 0 ? calls.__poll_chk(polled, wanted, patience, sizeof polled)
                                : calls.poll(polled, wanted, patience);
    if (count < 0 && errno == EINTR) /* the fuzzer has an alarm clock */
        return;
    fuzz_require(count >= 0 && count <= LINE_LIMIT + 1);
    for (size_t i = 0; i < LINE_LIMIT; i++) {
        fuzz_require((polled[i].revents & ~(polled[i].events | POLLERR | POLLHUP | POLLNVAL)) == 0);
        if ((polled[i].revents & POLLIN) == 0)
            continue;
        ssize_t got = calls.recv(polled[i].fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        fuzz_require(got >= 0 || errno != EAGAIN);
        check_received(&lines[i], &byte, got, 1, true);
    }
}

static void set(struct line *line, uint8_t how)
{
    int value = how & 1, count = 0;
    const struct timeval soon = {.tv_usec = 1 + how * 4};
    unsigned char byte;
    if (line->driver < 0)
        return;
    switch (how >> 1 & 7) {
    case 0:
        calls.fcntl(line->driver, F_SETFL, (how & 1) != 0 ? O_NONBLOCK : 0);
        break;
    case 1:
        calls.ioctl(line->driver, FIONBIO, &value);
        break;
    case 2:
        if (calls.ioctl(line->driver, FIONREAD, &count) == 0 && count > 0)
            fuzz_require(calls.recv(line->driver, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0);
        break;
    case 3:
    case 4:
        calls.setsockopt(line->driver, SOL_SOCKET, (how & 8) == 0 ? SO_RCVTIMEO : SO_SNDTIMEO,
                         &soon, sizeof soon);
        break;
    case 5:
        fuzz_require(calls.fcntl(line->driver, F_DUPFD, 0) < 0);
        break;
    default:
        calls.fcntl(line->driver, F_GETFL);
    }
}

/* Past us, so that the number is somebody else's when it comes again. */
static void lose(struct line *line, uint8_t how)
{
    int numbers[64], count = 0;
    (void)how;
    if (line->driver < 0)
        return;
    close(line->driver);
    do
        numbers[count] = calls.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    while (numbers[count++] != line->driver && count < 64);
    fuzz_require(descriptor_find(line->driver) == NULL);
    while (count-- > 0)
        calls.close(numbers[count]);
    line->driver = -1;
    hang_up(line);
}

/* An address of the input's. */
static void stray(struct line *line, uint8_t size)
{
    socklen_t length;
    (void)line;
    const struct sockaddr *own = interposition_address(interposition, &length);
    size_t given = size < input.left ? size : input.left;
    struct sockaddr *address = malloc(given);
    int number = calls.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    fuzz_require(address != NULL && number >= 0);
    if (given > 0)
        memcpy(address, cursor_bytes(&input, given), given);
    if (given != length || memcmp(address, own, given) != 0) {
        fuzz_require(calls.connect(number, address, (socklen_t)given) < 0 && errno == EACCES);
        fuzz_require(calls.sendto(number, "x", 1, 0, address, (socklen_t)given) < 0 &&
                     errno == EACCES);
    }
    calls.close(number);
    free(address);
}

static void close_line(struct line *line, uint8_t how)
{
    (void)how;
    /* One that cancels waits to be delivered, and nobody else would hang up meanwhile. */
    if (had_others)
        hang_up(line);
    if (line->driver >= 0)
        calls.close(line->driver);
    line->driver = -1;
    hang_up(line);
}

static void shut(struct line *line, uint8_t how)
{
    calls.shutdown(line->driver, how % 3);
}

static void look(struct line *line, uint8_t how)
{
    (void)line;
    (void)how;
    interposition_look(interposition);
}

static void act(uint8_t what, uint8_t how)
{
    static void (*const acts[])(struct line * line, uint8_t how) = {connect_line,
                                                                    serve,
                                                                    look,
                                                                    say,
                                                                    say,
                                                                    spoil,
                                                                    end_server,
                                                                    receive,
                                                                    receive,
                                                                    transmit,
                                                                    wait_for_all_lines,
                                                                    set,
                                                                    shut,
                                                                    close_line,
                                                                    lose,
                                                                    stray};
    acts[what & 15](&lines[(what >> 4) % LINE_LIMIT], how);
}

static void begin(uint8_t choice, struct guard *guard)
{
    static const struct proto *const protos[] = {&proto_direct, &proto_postgres, &proto_tds,
                                                 &proto_mysql};
    struct error error = {0};
    is_tls = (choice & CHOOSE_TLS) != 0;
    struct session_options options = {
        .proto = is_tls ? &proto_direct : protos[choice & CHOOSE_PROTO],
        .plan = is_tls ? PROTO_PLAN_DIRECT : PROTO_PLAN_PLAINTEXT,
        .tls = &world.tls,
        .credentials = world.credentials,
        .target = &world.target,
        .timeout = 1,
    };
    is_carried = options.proto == &proto_direct;
    had_others = false;
    interposition = interposition_open(
        &options, (choice & CHOOSE_UNIX) != 0 ? INTERPOSITION_UNIX : INTERPOSITION_INTERNET,
        &error);
    fuzz_require(interposition != NULL);
    socklen_t length;
    const struct sockaddr *address = interposition_address(interposition, &length);
    guard_set(guard, address, length, interposition);
    guard_enter(guard);
    for (size_t i = 0; i < LINE_LIMIT; i++)
        lines[i] = (struct line){.driver = -1, .server = -1};
}

FUZZ_TARGET(calls, bytes, size)
{
    struct guard guard = {0};
    input = cursor_over(bytes, size);
    make_world();
    begin(cursor_u8(&input), &guard);
    connect_line(&lines[0], 0);
    for (unsigned i = 0; i < ACT_LIMIT && input.left >= 2; i++) {
        uint8_t what = cursor_u8(&input);
        act(what, cursor_u8(&input));
    }
    for (size_t i = 0; i < LINE_LIMIT; i++)
        close_line(&lines[i], 0);
    guard_leave(NULL);
    interposition_close(&interposition);
}
