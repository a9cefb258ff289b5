/*
 * endpoint.c - the listener that the real driver connects to: a random address of 127/8, or a Unix
 * socket in a private directory, whose name says which process made it: odbcssl-PID-XXXXXX.
 */
#include "relay/endpoint.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/limits.h"
#include "relay/origin.h"

/* Strangers must not keep the real driver out. */
#define BACKLOG SOMAXCONN
#define ADDRESS_TRIES 8 /* with the wanted port */

#define DIRECTORY_PREFIX "odbcssl-"

/* --- an address of 127/8 --- */

/* 127.x.y.z, never one that others would guess or use: 127.0.*.* and 127.*.*.0 and 255 are left
 * out. */
static in_addr_t random_address(void)
{
    uint8_t bytes[3] = {81, 3, 7};
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return htonl(INADDR_LOOPBACK);
    return htonl(127u << 24 | (1u + bytes[0] % 254u) << 16 | (uint32_t)bytes[1] << 8 |
                 (1u + bytes[2] % 254u));
}

/* -1 with errno set. */
static int open_listener(const void *name, socklen_t length, struct endpoint *endpoint)
{
    const struct sockaddr *address = name;
    int listener = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    endpoint->length = sizeof endpoint->address;
    if (listener < 0 ||
        (bind(listener, address, length) == 0 && listen(listener, BACKLOG) == 0 &&
         getsockname(listener, (struct sockaddr *)&endpoint->address, &endpoint->length) == 0))
        return listener;
    int reason = errno;
    close(listener);
    errno = reason;
    return -1;
}

static int listen_on(in_addr_t address, uint16_t port, struct endpoint *endpoint)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = address};
    return open_listener(&name, sizeof name, endpoint);
}

/* The wanted port on some address, else any port on some address, else any port on 127.0.0.1
 * (systems that do not route all of 127/8 to themselves). */
static int listen_loopback(struct endpoint *endpoint, uint16_t wanted_port, struct error *error)
{
    int listener = -1;
    for (int i = 0; wanted_port != 0 && listener < 0 && i < ADDRESS_TRIES; i++) {
        listener = listen_on(random_address(), wanted_port, endpoint);
        if (listener < 0 && errno != EADDRINUSE)
            break;
    }
    if (listener < 0)
        listener = listen_on(random_address(), 0, endpoint);
    if (listener < 0)
        listener = listen_on(htonl(INADDR_LOOPBACK), 0, endpoint);
    if (listener < 0)
        error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                         "the local endpoint for the real driver cannot be opened");
    return listener;
}

/* --- a socket in a private directory --- */

static bool is_process_gone(const char *name)
{
    char *end;
    long process = strtol(name + sizeof DIRECTORY_PREFIX - 1, &end, 10);
    return process > 0 && *end == '-' && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static bool is_private_directory(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 077) == 0;
}

static bool is_deaf(const struct sockaddr_un *name)
{
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return false;
    bool is_refused = connect(descriptor, (const struct sockaddr *)name, sizeof *name) != 0 &&
                      errno == ECONNREFUSED;
    close(descriptor);
    return is_refused;
}

/* Only what an endpoint makes is removed: sockets, and then the directory if nothing else is in it.
 */
static void remove_directory(const char *directory)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    bool is_left = true;
    DIR *folder = opendir(directory);
    const struct dirent *entry;
    while (folder != NULL && is_left && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, ".s.PGSQL.", 9) != 0)
            continue;
        is_left = (size_t)snprintf(name.sun_path, sizeof name.sun_path, "%s/%s", directory,
                                   entry->d_name) < sizeof name.sun_path &&
                  is_deaf(&name) && unlink(name.sun_path) == 0;
    }
    if (folder != NULL)
        closedir(folder);
    if (is_left)
        rmdir(directory);
}

/* Directories of processes that ended without a word, killed or by _exit: once in each process,
 * those of this user in parent. One counts as left behind when its process does not exist and
 * nobody listens on its socket: another container may share the folder, and its processes are not
 * seen from here. */
static void remove_leftovers(const char *parent)
{
    static atomic_flag is_done = ATOMIC_FLAG_INIT;
    char path[200];
    if (atomic_flag_test_and_set(&is_done))
        return;
    DIR *folder = opendir(parent);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, DIRECTORY_PREFIX, sizeof DIRECTORY_PREFIX - 1) == 0 &&
            is_process_gone(entry->d_name) &&
            (size_t)snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) < sizeof path &&
            is_private_directory(path))
            remove_directory(path);
    }
    if (folder != NULL)
        closedir(folder);
}

static bool make_directory(struct endpoint *endpoint, struct error *error)
{
    const char *parent = secure_getenv("TMPDIR");
    /* Room for the socket's name behind it. */
    if (parent == NULL || parent[0] != '/' || strlen(parent) > sizeof endpoint->directory - 48)
        parent = "/tmp";
    remove_leftovers(parent);
    snprintf(endpoint->directory, sizeof endpoint->directory, "%s/" DIRECTORY_PREFIX "%ld-XXXXXX",
             parent, (long)getpid());
    if (mkdtemp(endpoint->directory) != NULL) /* mode 0700 */
        return true;
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                     "no private directory for the local endpoint can be made in %s", parent);
    endpoint->directory[0] = '\0';
    return false;
}

void endpoint_remove_files(struct endpoint *endpoint)
{
    if (endpoint->directory[0] == '\0')
        return;
    unlink(((const struct sockaddr_un *)&endpoint->address)->sun_path);
    rmdir(endpoint->directory);
    endpoint->directory[0] = '\0';
}

/* The name is the one that libpq looks for in a directory; other drivers take any. */
static int listen_unix(struct endpoint *endpoint, uint16_t port, struct error *error)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    if (!make_directory(endpoint, error))
        return -1;
    if ((size_t)snprintf(name.sun_path, sizeof name.sun_path, "%s/.s.PGSQL.%u", endpoint->directory,
                         port) >= sizeof name.sun_path)
        name.sun_path[sizeof name.sun_path - 1] = '\0';
    int listener = open_listener(&name, sizeof name, endpoint);
    if (listener >= 0)
        return listener;
    error_set_system(error, ODBCSSL_ERROR_SYSTEM, errno,
                     "the local endpoint %s for the real driver cannot be opened", name.sun_path);
    unlink(name.sun_path);
    endpoint_remove_files(endpoint);
    return -1;
}

/* --- both --- */

bool endpoint_open(enum endpoint_kind kind, uint16_t wanted_port, struct endpoint *endpoint,
                   struct error *error)
{
    *endpoint = (struct endpoint){.listener = -1, .generation = fork_generation()};
    endpoint->listener = kind == ENDPOINT_UNIX ? listen_unix(endpoint, wanted_port, error)
                                               : listen_loopback(endpoint, wanted_port, error);
    return endpoint->listener >= 0;
}

void endpoint_close(struct endpoint *endpoint)
{
    int listener = endpoint->listener;
    endpoint->listener = -1;
    if (listener >= 0)
        close(listener);
    if (!fork_is_inherited(endpoint->generation))
        endpoint_remove_files(endpoint);
}

enum endpoint_outcome endpoint_accept(const struct endpoint *endpoint, struct log *log,
                                      int *descriptor_out, struct error *error)
{
    int on = 1;
    int descriptor = accept4(endpoint->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (descriptor < 0) {
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
            return ENDPOINT_NOTHING;
        limits_set_descriptors(error, ODBCSSL_ERROR_SYSTEM, errno, 2,
                               "the real driver's connection cannot be accepted");
        return ENDPOINT_FAILED;
    }
    bool is_loopback = endpoint->address.ss_family == AF_INET;
    if (!(is_loopback ? origin_is_own_tcp(descriptor) : origin_is_own_unix(descriptor))) {
        log_write(log, "a connection of another process to the local endpoint was refused");
        close(descriptor);
        return ENDPOINT_STRANGER;
    }
    if (is_loopback)
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *descriptor_out = descriptor;
    return ENDPOINT_ACCEPTED;
}
