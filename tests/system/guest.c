/*
 * guest.c - of a test of odbcssl as a guest: processes that are run and waited for, a silent
 * server, and questions to PostgreSQL about its clients.
 */
#include "system/guest.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tools.h"

#define WAIT_ROUNDS 400
#define WAIT_MILLISECONDS 25

#define SERVER "GUEST_SERVER"

bool guest_publish(const struct fixture *fixture)
{
    const char *text = suite_text(
        "Servername=localhost;Port=%u;Database=postgres;UID=%s;PWD=%s;SslMode=verify-full;"
        "SslRootCert=%s",
        fixture_port(fixture), POSTGRES_USER, POSTGRES_PASSWORD, fixture_path(fixture, "root.pem"));
    /* Programs that are run anew may end in the midst of their work. */
    return setenv(SERVER, text, 1) == 0 && setenv("ASAN_OPTIONS", "detect_leaks=0", 1) == 0;
}

const char *guest_connection_string(const char *driver, const char *extra)
{
    static _Thread_local char text[4096];
    snprintf(text, sizeof text, "%s;DRIVER={%s};%s", extra, driver, getenv(SERVER));
    return text;
}

bool guest_connect(struct odbc_session *session, const char *extra)
{
    return odbc_connect(session, "%s", guest_connection_string(ODBC_POSTGRESQL, extra)) &&
           guest_works(session);
}

bool guest_works(struct odbc_session *session)
{
    return odbc_query(session, "select 42") && strcmp(session->value, "42") == 0;
}

bool guest_is_relayed(void)
{
    return strcmp(odbc_transport(), "relay") == 0;
}

pid_t guest_fork(void)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        alarm(GUEST_SECONDS);
    return child;
}

int guest_wait(pid_t child)
{
    int status = 0;
    if (child <= 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* --- a server that says nothing --- */

bool silent_open(struct silent_server *server)
{
    *server = (struct silent_server){.client = -1};
    server->listener = tools_listen(&server->port);
    return server->listener >= 0;
}

bool silent_wait(struct silent_server *server)
{
    char byte;
    struct pollfd polled = {.fd = server->listener, .events = POLLIN};
    if (poll(&polled, 1, GUEST_SECONDS * 1000) != 1)
        return false;
    server->client = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    return server->client >= 0 && recv(server->client, &byte, 1, MSG_PEEK) == 1;
}

void silent_close(struct silent_server *server)
{
    if (server->client >= 0)
        close(server->client);
    if (server->listener >= 0)
        close(server->listener);
    server->client = server->listener = -1;
}

/* --- what the server knows --- */

bool guest_wait_for_clients(const struct fixture *fixture, unsigned wanted)
{
    char answer[32] = "";
    const char *text = suite_text("%u", wanted);
    for (int i = 0; i < WAIT_ROUNDS; i++) {
        if (postgres_query(fixture->postgres,
                           "select count(*) from pg_stat_activity where backend_type = 'client "
                           "backend' and client_addr is not null",
                           answer, sizeof answer) &&
            strcmp(answer, text) == 0)
            return true;
        poll(NULL, 0, WAIT_MILLISECONDS);
    }
    printf("# the server has %s clients, not %s\n", answer, text);
    return false;
}

bool guest_wait_for_sleeper(void)
{
    struct odbc_session session = {0};
    bool is_asleep = false;
    if (!guest_connect(&session, ""))
        return false;
    for (int i = 0; i < WAIT_ROUNDS && !is_asleep; i++) {
        is_asleep = odbc_query(&session, "select 1 from pg_stat_activity where state = 'active' "
                                         "and query like 'select pg_sleep%'") &&
                    strcmp(session.value, "1") == 0;
        poll(NULL, 0, is_asleep ? 0 : WAIT_MILLISECONDS);
    }
    odbc_close(&session);
    return is_asleep;
}
