/* mariadb_server.c - installs, configures and runs a private MariaDB. */
#include "support/mariadb_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "support/private_server.h"

#define PATH_SIZE PRIVATE_PATH_SIZE
#define ARGUMENT_LIMIT 64
#define START_SECONDS 120
#define LOG_SIZE "--innodb-log-file-size=4M"
/* Another program may take the port between our choice and the server's bind. */
#define PORT_ATTEMPTS 5

struct mariadb_server {
    struct private_server base;
    char socket[96];
};

static const char *const programs[] = {"mariadbd", "mariadb-install-db", "mariadb"};

enum program { PROGRAM_SERVER, PROGRAM_INSTALL, PROGRAM_CLIENT };

static bool find_program(enum program program, char *path, size_t size)
{
    static const char *const folders[] = {"/usr/sbin", "/usr/bin", "/usr/local/bin"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, size, "%s/%s", folders[i], programs[program]);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

bool mariadb_is_installed(void)
{
    char path[PATH_SIZE];
    return find_program(PROGRAM_SERVER, path, sizeof path) &&
           find_program(PROGRAM_INSTALL, path, sizeof path) &&
           find_program(PROGRAM_CLIENT, path, sizeof path);
}

/* ----- the client ----- */

/* Reads a stream to its end, and keeps what fits. */
static void read_all(int input, char *out, size_t out_size)
{
    char rest[4096];
    size_t used = 0;
    for (;;) {
        bool has_room = used + 1 < out_size;
        ssize_t got =
            read(input, has_room ? out + used : rest, has_room ? out_size - 1 - used : sizeof rest);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        used += has_room ? (size_t)got : 0;
    }
    if (out_size > 0)
        out[used] = '\0';
}

static void become_client(const char *path, char *const *arguments, int output)
{
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0)
        execv(path, arguments);
    _exit(127);
}

/* Runs the command mariadb with these arguments, ended by NULL, without option files; returns its
 * exit status, -1 when there is none. out: both its outputs. */
static int run_client(const char *const *arguments, char *out, size_t out_size)
{
    char path[PATH_SIZE];
    char *list[ARGUMENT_LIMIT + 3] = {path, "--no-defaults"};
    int pipes[2], status = -1;
    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENT_LIMIT; i++)
        list[i + 2] = (char *)arguments[i];
    if (!find_program(PROGRAM_CLIENT, path, sizeof path) || pipe2(pipes, O_CLOEXEC) != 0)
        return -1;
    pid_t process = fork();
    if (process == 0)
        become_client(path, list, pipes[1]);
    close(pipes[1]);
    read_all(pipes[0], out, out_size);
    close(pipes[0]);
    while (process > 0 && waitpid(process, &status, 0) < 0 && errno == EINTR)
        continue;
    return process > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool mariadb_query(const struct mariadb_server *server, const char *sql, char *out, size_t out_size)
{
    char socket_argument[PATH_SIZE];
    snprintf(socket_argument, sizeof socket_argument, "--socket=%s", server->socket);
    const char *arguments[] = {"--protocol=socket",   socket_argument, "--user=root", "--batch",
                               "--skip-column-names", "--execute",     sql,           NULL};
    return run_client(arguments, out, out_size) == 0;
}

/* ----- the server ----- */

static bool create_database(const struct mariadb_server *server)
{
    char path[PATH_SIZE], data[PATH_SIZE], temporary[PATH_SIZE];
    snprintf(data, sizeof data, "--datadir=%s/data", server->base.folder);
    /* Servers that share one remove each other's temporary tables. */
    snprintf(temporary, sizeof temporary, "--tmpdir=%s", server->base.folder);
    const char *arguments[] = {
        "--no-defaults",  data,     temporary, "--auth-root-authentication-method=normal",
        "--skip-test-db", LOG_SIZE, NULL};
    return find_program(PROGRAM_INSTALL, path, sizeof path) &&
           private_server_install(&server->base, path, arguments);
}

/* The server makes its socket after it has bound its port. */
static bool is_greeting(const struct mariadb_server *server)
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

static bool wait_until_ready(struct mariadb_server *server)
{
    int64_t deadline = clock_monotonic() + START_SECONDS * 1000;
    while (clock_left(deadline) > 0) {
        if (is_greeting(server))
            return true;
        if (waitpid(server->base.process, NULL, WNOHANG) != 0) {
            server->base.process = 0;
            return false;
        }
        poll(NULL, 0, 20);
    }
    return false;
}

struct argument_list {
    const char *items[ARGUMENT_LIMIT];
    size_t count;
    char texts[12][PATH_SIZE];
    size_t text_count;
};

static void add_argument(struct argument_list *list, const char *argument)
{
    if (list->count + 1 < ARGUMENT_LIMIT)
        list->items[list->count++] = argument;
}

static void add_path_argument(struct argument_list *list, const char *option, const char *folder,
                              const char *name)
{
    char *text = list->texts[list->text_count++];
    snprintf(text, PATH_SIZE, "%s%s%s", option, folder, name);
    add_argument(list, text);
}

static void list_arguments(const struct mariadb_server *server,
                           const struct mariadb_options *options, struct argument_list *list)
{
    static const char *const fixed[] = {"--no-defaults",
                                        "--bind-address=127.0.0.1",
                                        "--skip-name-resolve",
                                        "--skip-log-bin",
                                        "--performance-schema=OFF",
                                        LOG_SIZE,
                                        "--innodb-buffer-pool-size=16M",
                                        "--innodb-flush-log-at-trx-commit=0",
                                        NULL};
    char port[16];
    snprintf(port, sizeof port, "%u", server->base.port);
    for (size_t i = 0; fixed[i] != NULL; i++)
        add_argument(list, fixed[i]);
    add_path_argument(list, "--datadir=", server->base.folder, "/data");
    add_path_argument(list, "--tmpdir=", server->base.folder, "");
    add_path_argument(list, "--socket=", server->socket, "");
    add_path_argument(list, "--port=", port, "");
    if (options->certificate != NULL) {
        add_path_argument(list, "--ssl-cert=", server->base.folder, "/server.crt");
        add_path_argument(list, "--ssl-key=", server->base.folder, "/server.key");
    } else {
        add_argument(list, "--skip-ssl");
    }
    if (options->ca != NULL)
        add_path_argument(list, "--ssl-ca=", server->base.folder, "/ca.crt");
    for (size_t i = 0; options->arguments != NULL && options->arguments[i] != NULL; i++)
        add_argument(list, options->arguments[i]);
}

static bool copy_certificates(const struct private_server *server,
                              const struct mariadb_options *options)
{
    return (options->certificate == NULL ||
            (private_server_copy(server, options->certificate, "server.crt") &&
             private_server_copy(server, options->key, "server.key"))) &&
           (options->ca == NULL || private_server_copy(server, options->ca, "ca.crt"));
}

static bool run_server(struct mariadb_server *server, const struct mariadb_options *options)
{
    char path[PATH_SIZE];
    for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
        struct argument_list list = {0};
        server->base.port = private_server_free_port();
        list_arguments(server, options, &list);
        if (!find_program(PROGRAM_SERVER, path, sizeof path))
            return false;
        server->base.process = private_server_run(&server->base, path, list.items);
        if (server->base.process > 0 && wait_until_ready(server))
            return true;
        if (server->base.process > 0)
            return false; /* it hangs: mariadb_stop ends it */
    }
    return false;
}

static bool set_up(struct mariadb_server *server, const struct mariadb_options *options)
{
    char output[512] = "";
    const char *what = NULL;
    if (!private_server_open(&server->base, "mariadb", "mysql"))
        return false;
    snprintf(server->socket, sizeof server->socket, "%s/socket", server->base.folder);
    if (!copy_certificates(&server->base, options))
        what = "the certificates cannot be copied";
    else if (!create_database(server))
        what = "mariadb-install-db failed";
    else if (!run_server(server, options))
        what = "mariadbd did not start";
    else if (options->sql != NULL && !mariadb_query(server, options->sql, output, sizeof output))
        what = output;
    if (what != NULL)
        private_server_tell(&server->base, what);
    return what == NULL;
}

struct mariadb_server *mariadb_start(const struct mariadb_options *options)
{
    struct mariadb_server *server = calloc(1, sizeof *server);
    if (server != NULL && !set_up(server, options))
        mariadb_stop(&server);
    return server;
}

/* Its data are thrown away: it need not end in good order. */
void mariadb_stop(struct mariadb_server **server)
{
    if (*server == NULL)
        return;
    private_server_close(&(*server)->base);
    free(*server);
    *server = NULL;
}

uint16_t mariadb_port(const struct mariadb_server *server)
{
    return server->base.port;
}
