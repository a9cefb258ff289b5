/*
 * capture_library.c - the preloaded part of capture.h: stands before the C library's functions.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/capture.h"

#define LISTENERS 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct capture captured;
static char listeners[LISTENERS][128];
static size_t listener_count;

#define DESCRIPTORS 1024
static char options[DESCRIPTORS][256];

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void describe(const struct sockaddr *address, socklen_t length, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
        snprintf(out, size, "%s:%u", host, ntohs(in->sin_port));
    } else if (address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof host);
        snprintf(out, size, "[%s]:%u", host, ntohs(in->sin6_port));
    } else if (address->sa_family == AF_UNIX) {
        snprintf(out, size, "%.107s", ((const struct sockaddr_un *)address)->sun_path);
    } else {
        snprintf(out, size, "family %d", address->sa_family);
    }
}

static void note_connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    pthread_mutex_lock(&lock);
    if (captured.count < CAPTURE_CONNECTIONS) {
        struct captured_connection *connection = &captured.connections[captured.count];
        connection->descriptor = descriptor;
        connection->length = 0;
        connection->is_inner = false;
        connection->options[0] = '\0';
        if (descriptor >= 0 && descriptor < DESCRIPTORS) {
            strcpy(connection->options, options[descriptor]);
            options[descriptor][0] = '\0';
        }
        describe(address, length, connection->address, sizeof connection->address);
        for (size_t i = 0; i < LISTENERS && i < listener_count; i++)
            connection->is_inner |= strcmp(listeners[i], connection->address) == 0;
    }
    captured.count++;
    pthread_mutex_unlock(&lock);
}

/* The latest connection with the descriptor: numbers come again. */
static void note_bytes(int descriptor, const void *bytes, ssize_t sent)
{
    if (sent <= 0)
        return;
    pthread_mutex_lock(&lock);
    size_t count = captured.count < CAPTURE_CONNECTIONS ? captured.count : CAPTURE_CONNECTIONS;
    while (count > 0 && captured.connections[count - 1].descriptor != descriptor)
        count--;
    if (count > 0) {
        struct captured_connection *connection = &captured.connections[count - 1];
        size_t room = CAPTURE_BYTES - connection->length;
        size_t length = (size_t)sent < room ? (size_t)sent : room;
        memcpy(connection->bytes + connection->length, bytes, length);
        connection->length += length;
    }
    pthread_mutex_unlock(&lock);
}

static void note_vector(int descriptor, const struct iovec *parts, size_t count, ssize_t sent)
{
    for (size_t i = 0; i < count && sent > 0; i++) {
        ssize_t part = sent < (ssize_t)parts[i].iov_len ? sent : (ssize_t)parts[i].iov_len;
        note_bytes(descriptor, parts[i].iov_base, part);
        sent -= part;
    }
}

/* The rest is what other libraries are to find. */
#pragma GCC visibility push(default)

void capture_library_reset(void);
void capture_library_reset(void)
{
    pthread_mutex_lock(&lock);
    captured.count = 0;
    pthread_mutex_unlock(&lock);
}

const struct capture *capture_library_get(void);
const struct capture *capture_library_get(void)
{
    return &captured;
}

int listen(int descriptor, int backlog)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &length) == 0) {
        pthread_mutex_lock(&lock);
        describe((struct sockaddr *)&address, length, listeners[listener_count++ % LISTENERS],
                 sizeof listeners[0]);
        pthread_mutex_unlock(&lock);
    }
    return REAL(listen)(descriptor, backlog);
}

int setsockopt(int descriptor, int level, int name, const void *value, socklen_t length)
{
    bool is_kept = level == IPPROTO_TCP || (level == SOL_SOCKET && name == SO_KEEPALIVE);
    if (is_kept && length == sizeof(int) && descriptor >= 0 && descriptor < DESCRIPTORS) {
        pthread_mutex_lock(&lock);
        size_t used = strlen(options[descriptor]);
        snprintf(options[descriptor] + used, sizeof options[0] - used, "%d/%d=%d ", level, name,
                 *(const int *)value);
        pthread_mutex_unlock(&lock);
    }
    return REAL(setsockopt)(descriptor, level, name, value, length);
}

int close(int descriptor)
{
    if (descriptor >= 0 && descriptor < DESCRIPTORS)
        options[descriptor][0] = '\0';
    return REAL(close)(descriptor);
}

int connect(int descriptor, const struct sockaddr *address, socklen_t length)
{
    int type = 0;
    socklen_t size = sizeof type;
    /* The resolver connects datagram sockets to sort addresses, and sends nothing. */
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM)
        note_connect(descriptor, address, length);
    return REAL(connect)(descriptor, address, length);
}

ssize_t send(int descriptor, const void *bytes, size_t size, int flags)
{
    ssize_t sent = REAL(send)(descriptor, bytes, size, flags);
    note_bytes(descriptor, bytes, sent);
    return sent;
}

ssize_t sendto(int descriptor, const void *bytes, size_t size, int flags,
               const struct sockaddr *address, socklen_t length)
{
    ssize_t sent = REAL(sendto)(descriptor, bytes, size, flags, address, length);
    note_bytes(descriptor, bytes, sent);
    return sent;
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    ssize_t sent = REAL(sendmsg)(descriptor, message, flags);
    note_vector(descriptor, message->msg_iov, message->msg_iovlen, sent);
    return sent;
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    ssize_t sent = REAL(write)(descriptor, bytes, size);
    note_bytes(descriptor, bytes, sent);
    return sent;
}

ssize_t writev(int descriptor, const struct iovec *parts, int count)
{
    ssize_t sent = REAL(writev)(descriptor, parts, count);
    note_vector(descriptor, parts, (size_t)count, sent);
    return sent;
}

#pragma GCC visibility pop
