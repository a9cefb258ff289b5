/* postgres_server.c - installs, configures and runs a private PostgreSQL. */
#include "support/postgres_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/private_server.h"

/* Another program may take the port between our choice and the server's bind. */
#define PORT_ATTEMPTS 5
#define SETTING_LIMIT 24
#define READY_ATTEMPTS 400

struct postgres_server {
    struct private_server base;
};

/* Debian keeps its servers in folders by version. */
static bool find_program(const char *name, char *path, size_t size)
{
    struct dirent **versions = NULL;
    bool is_found = false;
    int count = scandir("/usr/lib/postgresql", &versions, NULL, versionsort);
    for (int i = count - 1; i >= 0; i--) {
        if (!is_found && versions[i]->d_name[0] != '.') {
            snprintf(path, size, "/usr/lib/postgresql/%s/bin/%s", versions[i]->d_name, name);
            is_found = access(path, X_OK) == 0;
        }
        free(versions[i]);
    }
    free(versions);
    return is_found;
}

bool postgres_is_installed(void)
{
    char path[PRIVATE_PATH_SIZE];
    return find_program("initdb", path, sizeof path) && find_program("postgres", path, sizeof path);
}

static bool create_database(const struct postgres_server *server)
{
    char program[PRIVATE_PATH_SIZE], data[PRIVATE_PATH_SIZE], password[PRIVATE_PATH_SIZE];
    snprintf(data, sizeof data, "%s/data", server->base.folder);
    snprintf(password, sizeof password, "--pwfile=%s/password", server->base.folder);
    const char *const arguments[] = {
        "-D",   data,         "-U",     POSTGRES_USER,     "-A", "scram-sha-256", "--no-sync", "-E",
        "UTF8", "--locale=C", password, "--wal-segsize=1", NULL};
    return private_server_write(&server->base, "password", POSTGRES_PASSWORD) &&
           find_program("initdb", program, sizeof program) &&
           private_server_install(&server->base, program, arguments);
}

static bool copy_files(const struct postgres_server *server, const struct postgres_options *options)
{
    const char *hba =
        options->hba != NULL ? options->hba : "host all all 127.0.0.1/32 scram-sha-256";
    char rules[4096];
    snprintf(rules, sizeof rules, "local all all trust\n%s\n", hba);
    return (options->certificate == NULL ||
            (private_server_copy(&server->base, options->certificate, "server.crt") &&
             private_server_copy(&server->base, options->key, "server.key"))) &&
           (options->ca == NULL || private_server_copy(&server->base, options->ca, "ca.crt")) &&
           private_server_write(&server->base, "data/pg_hba.conf", rules);
}

struct setting_list {
    char texts[SETTING_LIMIT][PRIVATE_PATH_SIZE];
    const char *arguments[2 * SETTING_LIMIT + 4];
    size_t count;
};

static void add_setting(struct setting_list *list, const char *name, const char *folder,
                        const char *value)
{
    char *text = list->texts[list->count];
    snprintf(text, PRIVATE_PATH_SIZE, "%s%s%s", name, folder, value);
    list->arguments[2 * list->count] = "-c";
    list->arguments[2 * list->count + 1] = text;
    list->count++;
}

static void list_settings(const struct postgres_server *server,
                          const struct postgres_options *options, struct setting_list *list)
{
    static const char *const fixed[] = {"listen_addresses=127.0.0.1", "fsync=off",
                                        "synchronous_commit=off",     "full_page_writes=off",
                                        "max_connections=300",        "shared_buffers=32MB"};
    char port[16];
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        add_setting(list, fixed[i], "", "");
    snprintf(port, sizeof port, "%u", server->base.port);
    add_setting(list, "port=", port, "");
    add_setting(list, "unix_socket_directories=", server->base.folder, "");
    if (options->certificate != NULL) {
        add_setting(list, "ssl=on", "", "");
        add_setting(list, "ssl_cert_file=", server->base.folder, "/server.crt");
        add_setting(list, "ssl_key_file=", server->base.folder, "/server.key");
    }
    if (options->ca != NULL)
        add_setting(list, "ssl_ca_file=", server->base.folder, "/ca.crt");
    for (size_t i = 0; options->settings != NULL && options->settings[i] != NULL; i++)
        add_setting(list, options->settings[i], "", "");
}

/* It listens before it has recovered from having been killed. */
static bool wait_until_ready(struct postgres_server *server)
{
    char output[16];
    for (int attempt = 0; attempt < READY_ATTEMPTS; attempt++) {
        if (postgres_query(server, "select 1", output, sizeof output))
            return true;
        poll(NULL, 0, 50);
    }
    return false;
}

static bool run_once(struct postgres_server *server, const struct postgres_options *options)
{
    char program[PRIVATE_PATH_SIZE], data[PRIVATE_PATH_SIZE];
    struct setting_list list = {0};
    list_settings(server, options, &list);
    snprintf(data, sizeof data, "%s/data", server->base.folder);
    list.arguments[2 * list.count] = "-D";
    list.arguments[2 * list.count + 1] = data;
    if (!find_program("postgres", program, sizeof program))
        return false;
    server->base.process = private_server_run(&server->base, program, list.arguments);
    return server->base.process > 0 && private_server_wait(&server->base) &&
           wait_until_ready(server);
}

static bool run_server(struct postgres_server *server, const struct postgres_options *options)
{
    for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
        server->base.port = private_server_free_port();
        if (run_once(server, options))
            return true;
        if (server->base.process > 0)
            return false; /* it hangs: postgres_stop ends it */
    }
    return false;
}

static const char *set_up(struct postgres_server *server, const struct postgres_options *options)
{
    char output[1024];
    if (!private_server_open(&server->base, "postgres", "postgres"))
        return "no temporary folder";
    if (!create_database(server))
        return "initdb failed";
    if (!copy_files(server, options))
        return "the certificates cannot be copied";
    if (!run_server(server, options))
        return "postgres did not start";
    if (options->sql != NULL && !postgres_query(server, options->sql, output, sizeof output))
        return "the SQL for the start failed";
    return NULL;
}

struct postgres_server *postgres_start(const struct postgres_options *options)
{
    struct postgres_server *server = calloc(1, sizeof *server);
    const char *failure = server != NULL ? set_up(server, options) : "no memory";
    if (failure == NULL)
        return server;
    if (server != NULL)
        private_server_tell(&server->base, failure);
    postgres_stop(&server);
    return NULL;
}

/* Children end by themselves when the server does; the crash recovery of the next start is
 * quick. */
void postgres_kill(struct postgres_server *server)
{
    if (server->base.process <= 0)
        return;
    kill(server->base.process, SIGQUIT);
    waitpid(server->base.process, NULL, 0);
    server->base.process = 0;
}

bool postgres_restart(struct postgres_server *server, const struct postgres_options *options)
{
    postgres_kill(server);
    return copy_files(server, options) && run_once(server, options);
}

void postgres_stop(struct postgres_server **server)
{
    if (*server == NULL)
        return;
    postgres_kill(*server);
    private_server_close(&(*server)->base);
    free(*server);
    *server = NULL;
}

uint16_t postgres_port(const struct postgres_server *server)
{
    return server->base.port;
}

bool postgres_query(const struct postgres_server *server, const char *sql, char *out,
                    size_t out_size)
{
    char program[PRIVATE_PATH_SIZE], port[16], output[PRIVATE_PATH_SIZE];
    if (!find_program("psql", program, sizeof program))
        return false;
    snprintf(port, sizeof port, "%u", server->base.port);
    snprintf(output, sizeof output, "%s/output", server->base.folder);
    unlink(output);
    const char *const arguments[] = {"-X",       "-q",
                                     "-A",       "-t",
                                     "-v",       "ON_ERROR_STOP=1",
                                     "-h",       server->base.folder,
                                     "-p",       port,
                                     "-U",       POSTGRES_USER,
                                     "-o",       output,
                                     "-c",       sql,
                                     "postgres", NULL};
    bool is_good = private_server_run_to_end(&server->base, program, arguments) == 0;
    FILE *file = fopen(output, "re");
    size_t size = file != NULL ? fread(out, 1, out_size - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    out[size] = '\0';
    if (size > 0 && out[size - 1] == '\n')
        out[size - 1] = '\0';
    return is_good;
}
