/* interpose_rig.c - a driver's calls on one side, a TLS server that takes requests on the other. */
#include "interpose_rig.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <endian.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/suite.h"
#include "support/tls_server.h"

#define WAIT_MILLISECONDS 60000

struct rig rig;

/* --- the server --- */

/* One connection of the server; what GnuTLS sends is kept while it is held. */
struct line {
    int descriptor;
    gnutls_session_t session;
    bool is_held;
    unsigned char held[65536];
    size_t held_size;
};

unsigned char rig_pattern(size_t offset)
{
    return (unsigned char)(offset * 7 + offset / 251);
}

static ssize_t push(gnutls_transport_ptr_t pointer, const void *bytes, size_t size)
{
    struct line *line = pointer;
    if (!line->is_held)
        return send(line->descriptor, bytes, size, MSG_NOSIGNAL);
    if (line->held_size + size > sizeof line->held)
        return -1;
    memcpy(line->held + line->held_size, bytes, size);
    line->held_size += size;
    return (ssize_t)size;
}

static ssize_t pull(gnutls_transport_ptr_t pointer, void *bytes, size_t size)
{
    return recv(((struct line *)pointer)->descriptor, bytes, size, 0);
}

static bool take(struct line *line, void *out, size_t size)
{
    for (size_t got = 0; got < size;) {
        ssize_t more = gnutls_record_recv(line->session, (char *)out + got, size - got);
        if (more <= 0) {
            if (more == 0)
                atomic_fetch_add(&rig.clean_ends, 1);
            return false;
        }
        atomic_fetch_add(&rig.bytes, (unsigned)more);
        got += (size_t)more;
    }
    return true;
}

static void give(struct line *line, const unsigned char *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t more = gnutls_record_send(line->session, bytes + done, size - done);
        if (more <= 0)
            return;
        done += (size_t)more;
    }
}

static void give_pattern(struct line *line, size_t size)
{
    unsigned char block[8192];
    for (size_t done = 0; done < size;) {
        size_t part = size - done < sizeof block ? size - done : sizeof block;
        for (size_t i = 0; i < part; i++)
            block[i] = rig_pattern(done + i);
        give(line, block, part);
        done += part;
    }
}

static void give_cut(struct line *line, size_t size)
{
    line->is_held = true;
    line->held_size = 0;
    give_pattern(line, size);
    line->is_held = false;
    size_t cut = rig.cut < line->held_size ? rig.cut : line->held_size;
    peer_send(line->descriptor, line->held, cut);
    sem_wait(&rig.go);
    peer_send(line->descriptor, line->held + cut, line->held_size - cut);
}

static void echo(struct line *line, size_t size)
{
    unsigned char block[8192];
    while (size > 0) {
        size_t part = size < sizeof block ? size : sizeof block;
        if (!take(line, block, part))
            return;
        give(line, block, part);
        size -= part;
    }
}

static void sum_up(struct line *line, size_t size)
{
    unsigned char block[8192];
    uint64_t sum = 0;
    while (size > 0) {
        size_t part = size < sizeof block ? size : sizeof block;
        if (!take(line, block, part))
            return;
        for (size_t i = 0; i < part; i++)
            sum = sum * 31 + block[i];
        size -= part;
    }
    give(line, (const unsigned char *)&sum, sizeof sum);
}

/* false: the connection is over. */
static bool obey(struct line *line, enum request request, size_t count)
{
    struct linger now = {1, 0};
    unsigned char byte;
    switch (request) {
    case REQUEST_ECHO:
        echo(line, count);
        return true;
    case REQUEST_SEND:
        give_pattern(line, count);
        return true;
    case REQUEST_TAKE:
        sum_up(line, count);
        return true;
    case REQUEST_STALL:
        sem_wait(&rig.go);
        return true;
    case REQUEST_CUT:
        give_cut(line, count);
        return true;
    case REQUEST_TICKET:
        gnutls_session_ticket_send(line->session, 1, 0);
        return true;
    case REQUEST_REST:
        take(line, &byte, 1);
        give_pattern(line, count);
        gnutls_bye(line->session, GNUTLS_SHUT_WR);
        return false;
    case REQUEST_END:
        gnutls_bye(line->session, GNUTLS_SHUT_WR);
        return false;
    case REQUEST_RESET:
        setsockopt(line->descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        return false;
    case REQUEST_TRUNCATE:
        return false;
    }
    return false;
}

static void serve_tls(struct line *line)
{
    unsigned char request[9];
    int result;
    do {
        result = gnutls_handshake(line->session);
    } while (result < 0 && !gnutls_error_is_fatal(result));
    while (result == 0 && take(line, request, sizeof request)) {
        uint64_t count;
        memcpy(&count, request + 1, sizeof count);
        if (!obey(line, request[0], be64toh(count)))
            return;
    }
}

static void serve(int descriptor, void *context)
{
    const struct pki_certificate *chain[] = {rig.server, NULL};
    const struct tls_server_options options = {.chain = chain};
    struct line *line = calloc(1, sizeof *line);
    struct tls_server server;
    gnutls_datum_t key = {0};
    int on = 1;
    (void)context;
    atomic_fetch_add(&rig.connections, 1);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (atomic_load(&rig.is_silent)) {
        peer_drain(descriptor);
    } else if (line != NULL && tls_server_open_socket(&server, &options, descriptor)) {
        line->descriptor = descriptor;
        line->session = server.session;
        gnutls_transport_set_ptr(line->session, line);
        gnutls_transport_set_push_function(line->session, push);
        gnutls_transport_set_pull_function(line->session, pull);
        if (!atomic_load(&rig.gives_no_tickets)) {
            gnutls_session_ticket_key_generate(&key);
            gnutls_session_ticket_enable_server(line->session, &key);
        }
        serve_tls(line);
        tls_server_close(&server);
        gnutls_free(key.data);
    }
    free(line);
}

/* --- the rig --- */

int rig_make(const char *name)
{
    struct error error = {0};
    sigset_t alarms;
    rig.caller = caller_load(name, RTLD_LAZY);
    rig.folder = pki_temp_dir();
    rig.ca = pki_issue(&(struct pki_spec){.common_name = "CA", .is_ca = true});
    rig.server = pki_issue(&(struct pki_spec){
        .common_name = "localhost", .issuer = rig.ca, .dns = PKI_LIST("localhost")});
    rig.ca_file = rig.folder != NULL ? suite_text("%s/ca.pem", rig.folder) : NULL;
    /* Signals are the client's. */
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    pthread_sigmask(SIG_BLOCK, &alarms, NULL);
    rig.peer = peer_start(serve, NULL);
    pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
    if (rig.caller == NULL || rig.server == NULL || rig.ca_file == NULL || rig.peer == NULL ||
        !pki_write_pem(rig.ca_file, rig.ca, NULL) || sem_init(&rig.go, 0, 0) != 0 ||
        !dial_resolve("127.0.0.1", peer_port(rig.peer), &rig.target, &error))
        return -1;
    free(rig.target.host);
    rig.target.host = strdup("localhost");
    rig.tls = (struct tls_options){.mode = ODBCSSL_MODE_VERIFY_FULL,
                                   .root_cert = {rig.ca_file, "SslRootCert", (char *)"test"},
                                   .send_sni = true,
                                   .minimum_version = TLS_VERSION_1_2};
    rig.credentials = credentials_get(&rig.tls, NULL, &error);
    rig.options = (struct session_options){.proto = &proto_direct,
                                           .plan = PROTO_PLAN_DIRECT,
                                           .tls = &rig.tls,
                                           .credentials = rig.credentials,
                                           .target = &rig.target,
                                           .timeout = 20};
    const char *names = interpose_prepare(rig.caller, &error);
    if (names == NULL || rig.credentials == NULL)
        printf("# %s\n", error.text);
    return names != NULL && rig.credentials != NULL ? 0 : -1;
}

int rig_remove(void)
{
    peer_stop(&rig.peer);
    credentials_release(&rig.credentials);
    dial_target_free(&rig.target);
    pki_temp_dir_remove(&rig.folder);
    return 0;
}

void rig_open(enum interposition_kind kind)
{
    struct error error = {0};
    socklen_t length;
    rig.interposition = interposition_open(&rig.options, kind, &error);
    CHECK_FATAL(rig.interposition != NULL);
    const struct sockaddr *address = interposition_address(rig.interposition, &length);
    guard_set(&rig.guard, address, length, rig.interposition);
    guard_enter(&rig.guard);
}

void rig_close(void)
{
    guard_leave(NULL);
    interposition_close(&rig.interposition);
}

int rig_connect(bool is_blocking)
{
    socklen_t length;
    const struct sockaddr *address = interposition_address(rig.interposition, &length);
    int type = SOCK_STREAM | SOCK_CLOEXEC | (is_blocking ? 0 : SOCK_NONBLOCK);
    int number = rig.caller->socket(address->sa_family, type, 0);
    if (number >= 0 && rig.caller->connect(number, address, length) == 0)
        return number;
    int reason = errno;
    if (number >= 0)
        rig.caller->close(number);
    errno = reason;
    return -1;
}

int rig_start(bool is_blocking)
{
    rig_open(INTERPOSITION_INTERNET);
    int number = rig_connect(is_blocking);
    CHECK_FATAL(number >= 0);
    return number;
}

void rig_end(int number)
{
    CHECK_NUMBER(rig.caller->close(number), 0);
    rig_close();
}

bool rig_request(int number, enum request request, uint64_t count)
{
    unsigned char bytes[9] = {(unsigned char)request};
    count = htobe64(count);
    memcpy(bytes + 1, &count, sizeof count);
    return rig.caller->send(number, bytes, sizeof bytes, MSG_NOSIGNAL) == sizeof bytes;
}

void rig_resume(void)
{
    sem_post(&rig.go);
}

bool rig_receive_pattern(int number, size_t size, size_t offset)
{
    unsigned char block[5000];
    for (size_t done = 0; done < size;) {
        struct pollfd polled = {.fd = number, .events = POLLIN};
        size_t part = size - done < sizeof block ? size - done : sizeof block;
        ssize_t got = rig.caller->recv(number, block, part, MSG_DONTWAIT);
        if (got < 0 && errno == EAGAIN) {
            if (rig.caller->poll(&polled, 1, WAIT_MILLISECONDS) != 1)
                return false;
            continue;
        }
        if (got <= 0)
            return false;
        for (size_t i = 0; i < (size_t)got; i++)
            if (block[i] != rig_pattern(offset + done + i))
                return false;
        done += (size_t)got;
    }
    return true;
}

bool rig_wait(const atomic_uint *counter, unsigned wanted)
{
    int64_t deadline = clock_monotonic() + WAIT_MILLISECONDS;
    while (atomic_load(counter) < wanted && clock_left(deadline) > 0)
        poll(NULL, 0, 1);
    return atomic_load(counter) >= wanted;
}

bool rig_notices_end(void)
{
    struct error error = {0};
    for (int i = 0; i < 10000; i++) {
        interposition_look(rig.interposition);
        if (!session_record_is_alive(interposition_record(rig.interposition), &error))
            return true;
        poll(NULL, 0, 1);
    }
    return false;
}

/* What poll() and recv() are to the kernel: not the same on each machine. */
/* clang-format off */
static const long waiting_calls[] = {
    SYS_ppoll,
    SYS_recvfrom,
#ifdef SYS_poll
    SYS_poll,
#endif
#ifdef SYS_recv
    SYS_recv,
#endif
#ifdef SYS_socketcall
    SYS_socketcall,
#endif
};
/* clang-format on */

/* The number of the system call that a thread is in; -1: it is in none, or has ended. */
static long find_call(const char *thread)
{
    char text[32] = "", path[80];
    snprintf(path, sizeof path, "/proc/self/task/%s/syscall", thread);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return -1;
    bool is_read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return is_read && text[0] != 'r' ? strtol(text, NULL, 10) : -1; /* "running" */
}

bool rig_is_waiting(pid_t thread)
{
    char name[24];
    snprintf(name, sizeof name, "%ld", (long)thread);
    long call = find_call(name);
    for (size_t i = 0; i < sizeof waiting_calls / sizeof waiting_calls[0]; i++)
        if (call == waiting_calls[i])
            return true;
    return false;
}

static bool are_others_in_calls(void)
{
    DIR *threads = opendir("/proc/self/task");
    bool are_in_calls = threads != NULL;
    const struct dirent *entry;
    while (are_in_calls && (entry = readdir(threads)) != NULL)
        if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != gettid())
            are_in_calls = find_call(entry->d_name) >= 0;
    if (threads != NULL)
        closedir(threads);
    return are_in_calls;
}

pid_t rig_fork(void)
{
    for (int i = 0; RIG_IS_ADDRESS_SANITIZED && i < 1000 && !are_others_in_calls(); i++)
        usleep(10000);
    return fork();
}
