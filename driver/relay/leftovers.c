/*
 * leftovers.c - removes what killed processes left in the temporary directory. Only what is surely
 * nobody's: ours by name and owner, with no process of that number.
 */
#include "relay/leftovers.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static bool is_process_gone(const char *name)
{
    char *end;
    long process = strtol(name + sizeof LEFTOVERS_PREFIX - 1, &end, 10);
    return process > 0 && *end == '-' && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static bool is_private_directory(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & 077) == 0;
}

static bool is_deaf(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0 || strlen(path) >= sizeof name.sun_path) {
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    memcpy(name.sun_path, path, strlen(path));
    bool is_refused =
        connect(descriptor, (struct sockaddr *)&name, sizeof name) != 0 && errno == ECONNREFUSED;
    close(descriptor);
    return is_refused;
}

/* Only what an endpoint makes is removed: sockets, and then the directory if nothing else is in it.
 */
static void remove_directory(const char *directory)
{
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
    bool is_left = true;
    DIR *folder = opendir(directory);
    const struct dirent *entry;
    while (folder != NULL && is_left && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, ".s.PGSQL.", 9) != 0)
            continue;
        is_left =
            (size_t)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) < sizeof path &&
            is_deaf(path) && unlink(path) == 0;
    }
    if (folder != NULL)
        closedir(folder);
    if (is_left)
        rmdir(directory);
}

void leftovers_remove(const char *parent)
{
    static atomic_flag is_done = ATOMIC_FLAG_INIT;
    char path[200];
    if (atomic_flag_test_and_set(&is_done))
        return;
    DIR *folder = opendir(parent);
    const struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        if (strncmp(entry->d_name, LEFTOVERS_PREFIX, sizeof LEFTOVERS_PREFIX - 1) == 0 &&
            is_process_gone(entry->d_name) &&
            (size_t)snprintf(path, sizeof path, "%s/%s", parent, entry->d_name) < sizeof path &&
            is_private_directory(path))
            remove_directory(path);
    }
    if (folder != NULL)
        closedir(folder);
}
