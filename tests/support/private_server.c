/* private_server.c - what private servers share: folder, user, port, process, log. */
#include "support/private_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define ARGUMENT_LIMIT 64
#define START_SECONDS 120

/* Servers refuse to run as root: then they run as their user. */
static const struct passwd *find_user(const struct private_server *server)
{
    if (geteuid() != 0)
        return NULL;
    const struct passwd *user = server->user != NULL ? getpwnam(server->user) : NULL;
    return user != NULL ? user : getpwnam("nobody");
}

static bool give_to_server(const struct private_server *server, const char *path)
{
    const struct passwd *user = find_user(server);
    return user == NULL || chown(path, user->pw_uid, user->pw_gid) == 0;
}

bool private_server_open(struct private_server *server, const char *name, const char *user)
{
    *server = (struct private_server){.user = user};
    snprintf(server->folder, sizeof server->folder, "/tmp/odbcssl-%s-XXXXXX", name);
    if (mkdtemp(server->folder) == NULL) {
        server->folder[0] = '\0';
        return false;
    }
    snprintf(server->log, sizeof server->log, "%s/log", server->folder);
    return give_to_server(server, server->folder);
}

static int wait_for_exit(pid_t process)
{
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool copy_tree(const char *from, const char *to)
{
    char *const arguments[] = {"cp", "-aT", "--reflink=auto", (char *)from, (char *)to, NULL};
    pid_t process;
    return posix_spawnp(&process, arguments[0], NULL, NULL, arguments, environ) == 0 &&
           wait_for_exit(process) == 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_tree(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void private_server_close(struct private_server *server)
{
    if (server->process > 0) {
        kill(server->process, SIGKILL);
        wait_for_exit(server->process);
    }
    if (server->folder[0] != '\0')
        remove_tree(server->folder);
    *server = (struct private_server){0};
}

static bool write_bytes(const struct private_server *server, const char *name, const void *bytes,
                        size_t size)
{
    char path[PRIVATE_PATH_SIZE];
    snprintf(path, sizeof path, "%s/%s", server->folder, name);
    int output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = output >= 0 && write(output, bytes, size) == (ssize_t)size;
    if (output >= 0)
        close(output);
    return is_written && give_to_server(server, path);
}

bool private_server_write(const struct private_server *server, const char *name, const char *text)
{
    return write_bytes(server, name, text, strlen(text));
}

bool private_server_copy(const struct private_server *server, const char *from, const char *name)
{
    static char bytes[16 * 1024 * 1024]; /* hostile certificates are large */
    FILE *input = fopen(from, "re");
    if (input == NULL)
        return false;
    size_t size = fread(bytes, 1, sizeof bytes, input);
    bool is_read = !ferror(input) && size < sizeof bytes;
    fclose(input);
    return is_read && write_bytes(server, name, bytes, size);
}

/* In the child: becomes the user, ends with the parent, and becomes the program. */
static void become_program(char *const *arguments, const struct passwd *user, int output,
                           pid_t parent)
{
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool is_user = user == NULL || (setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 &&
                                    setuid(user->pw_uid) == 0);
    /* After the change of user, which clears it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_user && getppid() == parent && dup2(input, STDIN_FILENO) >= 0 &&
        dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0)
        execv(arguments[0], arguments);
    _exit(127);
}

pid_t private_server_run(const struct private_server *server, const char *path,
                         const char *const *arguments)
{
    char *list[ARGUMENT_LIMIT + 2] = {(char *)path};
    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENT_LIMIT; i++)
        list[i + 1] = (char *)arguments[i];
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return -1;
    const struct passwd *user = find_user(server);
    pid_t parent = getpid();
    pid_t process = fork();
    if (process == 0)
        become_program(list, user, log, parent);
    close(log);
    return process;
}

int private_server_run_to_end(const struct private_server *server, const char *path,
                              const char *const *arguments)
{
    pid_t process = private_server_run(server, path, arguments);
    return process > 0 ? wait_for_exit(process) : -1;
}

/* Where the data of an installer are kept, by its name and build, as another version's may differ;
 * false: outside a build. */
static bool name_kept_data(const char *installer, char *path, size_t size)
{
    const char *build = getenv("top_builddir");
    struct stat status;
    if (build == NULL || stat(installer, &status) != 0)
        return false;
    snprintf(path, size, "%s/tests/support/kept-data", build);
    mkdir(path, 0755);
    snprintf(path, size, "%s/tests/support/kept-data/%s-%lld-%lld", build,
             strrchr(installer, '/') + 1, (long long)status.st_mtime, (long long)status.st_size);
    return true;
}

/* One program installs while the others wait; what is incomplete never has the name. */
static bool keep_data(const struct private_server *server, const char *installer,
                      const char *const *arguments, const char *data, const char *kept)
{
    char partial[PRIVATE_PATH_SIZE + 8], lock_path[PRIVATE_PATH_SIZE + 8];
    snprintf(partial, sizeof partial, "%s.new", kept);
    snprintf(lock_path, sizeof lock_path, "%s.lock", kept);
    int lock = open(lock_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    bool is_kept = lock >= 0 && flock(lock, LOCK_EX) == 0;
    if (is_kept && access(kept, F_OK) != 0) {
        remove_tree(partial);
        is_kept = private_server_run_to_end(server, installer, arguments) == 0 &&
                  copy_tree(data, partial) && rename(partial, kept) == 0;
        remove_tree(data);
    }
    if (lock >= 0)
        close(lock);
    return is_kept;
}

bool private_server_install(const struct private_server *server, const char *installer,
                            const char *const *arguments)
{
    char data[PRIVATE_PATH_SIZE], kept[PRIVATE_PATH_SIZE];
    snprintf(data, sizeof data, "%s/data", server->folder);
    if (!name_kept_data(installer, kept, sizeof kept))
        return private_server_run_to_end(server, installer, arguments) == 0;
    return (access(kept, F_OK) == 0 || keep_data(server, installer, arguments, data, kept)) &&
           copy_tree(kept, data);
}

static int open_loopback(uint16_t port, bool is_connecting)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int outcome = descriptor < 0  ? -1
                  : is_connecting ? connect(descriptor, (struct sockaddr *)&address, sizeof address)
                                  : bind(descriptor, (struct sockaddr *)&address, sizeof address);
    if (outcome == 0)
        return descriptor;
    if (descriptor >= 0)
        close(descriptor);
    return -1;
}

bool private_server_wait(struct private_server *server)
{
    int64_t deadline = clock_monotonic() + START_SECONDS * 1000;
    while (clock_left(deadline) > 0) {
        int descriptor = open_loopback(server->port, true);
        if (descriptor >= 0) {
            close(descriptor);
            return true;
        }
        if (waitpid(server->process, NULL, WNOHANG) != 0) {
            server->process = 0;
            return false;
        }
        poll(NULL, 0, 20);
    }
    return false;
}

uint16_t private_server_free_port(void)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    int descriptor = open_loopback(0, false);
    bool is_known =
        descriptor >= 0 && getsockname(descriptor, (struct sockaddr *)&address, &size) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return is_known ? ntohs(address.sin_port) : 0;
}

void private_server_tell(const struct private_server *server, const char *what)
{
    char tail[1024] = "";
    FILE *log = fopen(server->log, "re");
    if (log != NULL) {
        if (fseek(log, -(long)(sizeof tail - 1), SEEK_END) != 0)
            rewind(log);
        tail[fread(tail, 1, sizeof tail - 1, log)] = '\0';
        fclose(log);
    }
    printf("# %s:\n", what);
    for (char *line = strtok(tail, "\n"); line != NULL; line = strtok(NULL, "\n"))
        printf("# %s\n", line);
}
