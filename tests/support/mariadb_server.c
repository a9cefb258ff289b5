#include "support/mariadb_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define PATH_SIZE 256
#define ARGUMENT_LIMIT 64
#define START_SECONDS 120
/* Another program may take the port between our choice and the server's bind. */
#define PORT_ATTEMPTS 5

struct mariadb_server {
    char folder[64];
    char socket[96];
    char log[96];
    uint16_t port;
    pid_t process;
};

static const char *const programs[] = {"mariadbd", "mariadb-install-db", "mariadb"};

enum program { PROGRAM_SERVER, PROGRAM_INSTALL, PROGRAM_CLIENT };

static bool
find_program(enum program program, char *path, size_t size)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/usr/local/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, size, "%s/%s", folders[i], programs[program]);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

bool
mariadb_is_installed(void)
{
    char path[PATH_SIZE];
    return find_program(PROGRAM_SERVER, path, sizeof path) &&
           find_program(PROGRAM_INSTALL, path, sizeof path) &&
           find_program(PROGRAM_CLIENT, path, sizeof path);
}

/* ----- processes ----- */

/* Whom the server runs as when the test is root's: mariadbd refuses root. */
static const struct passwd *
server_user(void)
{
    if (geteuid() != 0)
        return NULL;
    const struct passwd *user = getpwnam("mysql");
    return user != NULL ? user : getpwnam("nobody");
}

/* In the child: becomes the user, ends with the parent, and becomes the program. */
static void
become_program(const char *path, char *const *arguments, const struct passwd *user, int output,
               pid_t parent)
{
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool is_user = user == NULL || (setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 &&
                                    setuid(user->pw_uid) == 0);
    /* After the change of user, which clears it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_user && getppid() == parent && dup2(input, STDIN_FILENO) >= 0 &&
        dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0)
        execv(path, arguments);
    _exit(127);
}

static pid_t
start_program(enum program program, const char *const *arguments, const struct passwd *user,
              int output)
{
    char path[PATH_SIZE];
    char *list[ARGUMENT_LIMIT + 2];
    size_t count = 0;
    if (!find_program(program, path, sizeof path))
        return -1;
    list[count++] = path;
    while (*arguments != NULL && count < ARGUMENT_LIMIT)
        list[count++] = (char *)*arguments++;
    list[count] = NULL;
    pid_t parent = getpid();
    pid_t process = fork();
    if (process == 0)
        become_program(path, list, user, output, parent);
    return process;
}

static int
wait_for_exit(pid_t process)
{
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Reads a stream to its end, and keeps what fits. */
static void
read_all(int input, char *out, size_t out_size)
{
    char rest[4096];
    size_t used = 0;
    for (;;) {
        bool has_room = used + 1 < out_size;
        ssize_t got = read(input, has_room ? out + used : rest,
                           has_room ? out_size - 1 - used : sizeof rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += has_room ? (size_t)got : 0;
    }
    if (out_size > 0)
        out[used] = '\0';
}

int
mariadb_client(const char *const *arguments, char *out, size_t out_size)
{
    const char *list[ARGUMENT_LIMIT] = {"--no-defaults"};
    int pipes[2];
    for (size_t i = 0; arguments[i] != NULL && i + 2 < ARGUMENT_LIMIT; i++)
        list[i + 1] = arguments[i];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return -1;
    pid_t process = start_program(PROGRAM_CLIENT, list, NULL, pipes[1]);
    close(pipes[1]);
    read_all(pipes[0], out, out_size);
    close(pipes[0]);
    return process > 0 ? wait_for_exit(process) : -1;
}

bool
mariadb_query(const struct mariadb_server *server, const char *sql, char *out, size_t out_size)
{
    char socket_argument[PATH_SIZE];
    snprintf(socket_argument, sizeof socket_argument, "--socket=%s", server->socket);
    const char *arguments[] = {"--protocol=socket", socket_argument, "--user=root", "--batch",
                               "--skip-column-names", "--execute", sql, NULL};
    return mariadb_client(arguments, out, out_size) == 0;
}

/* ----- files ----- */

static bool
give_to_server(const char *path)
{
    const struct passwd *user = server_user();
    return user == NULL || chown(path, user->pw_uid, user->pw_gid) == 0;
}

static bool
copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *input = fopen(from, "re");
    if (input == NULL)
        return false;
    size_t size = fread(bytes, 1, sizeof bytes, input);
    bool is_read = !ferror(input) && feof(input);
    fclose(input);
    int output = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool is_written = is_read && output >= 0 && write(output, bytes, size) == (ssize_t)size;
    if (output >= 0)
        close(output);
    return is_written && give_to_server(to);
}

static int
remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

/* The end of the server's log, where the reason of a failure stands. */
static void
tell_failure(const struct mariadb_server *server, const char *what, char *error, size_t error_size)
{
    char tail[1024] = "";
    FILE *log = fopen(server->log, "re");
    if (log != NULL) {
        if (fseek(log, -(long)(sizeof tail - 1), SEEK_END) != 0)
            rewind(log);
        tail[fread(tail, 1, sizeof tail - 1, log)] = '\0';
        fclose(log);
    }
    snprintf(error, error_size, "%s: %s", what, tail);
}

static bool
create_folder(struct mariadb_server *server)
{
    snprintf(server->folder, sizeof server->folder, "/tmp/odbcssl-mariadb-XXXXXX");
    if (mkdtemp(server->folder) == NULL) {
        server->folder[0] = '\0';
        return false;
    }
    snprintf(server->socket, sizeof server->socket, "%s/socket", server->folder);
    snprintf(server->log, sizeof server->log, "%s/log", server->folder);
    return give_to_server(server->folder);
}

static int
open_log(const struct mariadb_server *server)
{
    return open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static bool
create_database(const struct mariadb_server *server)
{
    char data[PATH_SIZE];
    snprintf(data, sizeof data, "--datadir=%s/data", server->folder);
    const char *arguments[] = {"--no-defaults", data, "--auth-root-authentication-method=normal",
                               "--skip-test-db", NULL};
    int log = open_log(server);
    pid_t process = log < 0 ? -1 : start_program(PROGRAM_INSTALL, arguments, server_user(), log);
    if (log >= 0)
        close(log);
    return process > 0 && wait_for_exit(process) == 0;
}

/* ----- the server ----- */

static uint16_t
find_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = descriptor >= 0 &&
                    bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
                    getsockname(descriptor, (struct sockaddr *)&address, &size) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return is_bound ? ntohs(address.sin_port) : 0;
}

/* The server makes its socket after it has bound its port. */
static bool
is_greeting(const struct mariadb_server *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", server->socket);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;
    bool is_read = descriptor >= 0 &&
                   connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0 &&
                   read(descriptor, &byte, 1) == 1;
    if (descriptor >= 0)
        close(descriptor);
    return is_read;
}

static bool
wait_until_ready(struct mariadb_server *server)
{
    int64_t deadline = clock_monotonic() + START_SECONDS * 1000;
    while (clock_left(deadline) > 0) {
        if (is_greeting(server))
            return true;
        if (waitpid(server->process, NULL, WNOHANG) != 0) {
            server->process = 0;
            return false;
        }
        poll(NULL, 0, 20);
    }
    return false;
}

struct argument_list {
    const char *items[ARGUMENT_LIMIT];
    size_t count;
    char texts[8][PATH_SIZE];
    size_t text_count;
};

static void
add_argument(struct argument_list *list, const char *argument)
{
    if (list->count + 1 < ARGUMENT_LIMIT)
        list->items[list->count++] = argument;
}

static void
add_path_argument(struct argument_list *list, const char *option, const char *folder,
                  const char *name)
{
    char *text = list->texts[list->text_count++];
    snprintf(text, PATH_SIZE, "%s%s%s", option, folder, name);
    add_argument(list, text);
}

static void
list_arguments(const struct mariadb_server *server, const struct mariadb_options *options,
               struct argument_list *list)
{
    static const char *const fixed[] = {"--no-defaults",
                                        "--bind-address=127.0.0.1",
                                        "--skip-name-resolve",
                                        "--skip-log-bin",
                                        "--performance-schema=OFF",
                                        "--innodb-buffer-pool-size=16M",
                                        "--innodb-flush-log-at-trx-commit=0",
                                        NULL};
    char port[16];
    snprintf(port, sizeof port, "%u", server->port);
    for (size_t i = 0; fixed[i] != NULL; i++)
        add_argument(list, fixed[i]);
    add_path_argument(list, "--datadir=", server->folder, "/data");
    add_path_argument(list, "--socket=", server->socket, "");
    add_path_argument(list, "--port=", port, "");
    if (options->certificate != NULL) {
        add_path_argument(list, "--ssl-cert=", server->folder, "/server.crt");
        add_path_argument(list, "--ssl-key=", server->folder, "/server.key");
    } else {
        add_argument(list, "--skip-ssl");
    }
    if (options->ca != NULL)
        add_path_argument(list, "--ssl-ca=", server->folder, "/ca.crt");
    for (size_t i = 0; options->arguments != NULL && options->arguments[i] != NULL; i++)
        add_argument(list, options->arguments[i]);
}

static bool
copy_certificates(const struct mariadb_server *server, const struct mariadb_options *options)
{
    const char *const files[][2] = {{options->certificate, "server.crt"},
                                    {options->key, "server.key"},
                                    {options->ca, "ca.crt"}};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", server->folder, files[i][1]);
        if (files[i][0] != NULL && !copy_file(files[i][0], path))
            return false;
    }
    return true;
}

static bool
run_server(struct mariadb_server *server, const struct mariadb_options *options)
{
    for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
        struct argument_list list = {0};
        server->port = find_free_port();
        list_arguments(server, options, &list);
        int log = open_log(server);
        server->process =
            log < 0 ? -1 : start_program(PROGRAM_SERVER, list.items, server_user(), log);
        if (log >= 0)
            close(log);
        if (server->process > 0 && wait_until_ready(server))
            return true;
        if (server->process > 0)
            return false; /* it hangs: mariadb_stop ends it */
    }
    return false;
}

static bool
set_up(struct mariadb_server *server, const struct mariadb_options *options, char *error,
       size_t error_size)
{
    char output[512] = "";
    const char *what = NULL;
    if (!create_folder(server))
        what = "no temporary folder";
    else if (!copy_certificates(server, options))
        what = "the certificates cannot be copied";
    else if (!create_database(server))
        what = "mariadb-install-db failed";
    else if (!run_server(server, options))
        what = "mariadbd did not start";
    if (what != NULL) {
        tell_failure(server, what, error, error_size);
        return false;
    }
    if (options->sql != NULL && !mariadb_query(server, options->sql, output, sizeof output)) {
        tell_failure(server, output, error, error_size);
        return false;
    }
    return true;
}

struct mariadb_server *
mariadb_start(const struct mariadb_options *options, char *error, size_t error_size)
{
    struct mariadb_server *server = calloc(1, sizeof *server);
    if (server != NULL && !set_up(server, options, error, error_size))
        mariadb_stop(&server);
    return server;
}

/* Its data are thrown away: it need not end in good order. */
void
mariadb_stop(struct mariadb_server **server)
{
    if (*server == NULL)
        return;
    if ((*server)->process > 0) {
        kill((*server)->process, SIGKILL);
        wait_for_exit((*server)->process);
    }
    if ((*server)->folder[0] != '\0')
        nftw((*server)->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(*server);
    *server = NULL;
}

uint16_t
mariadb_port(const struct mariadb_server *server)
{
    return server->port;
}
