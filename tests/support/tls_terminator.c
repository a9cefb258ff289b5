/* tls_terminator.c - passes bytes between TLS and plaintext, a process for each connection. */
#include "support/tls_terminator.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tools.h"

/* ----- one connection, in a process of its own ----- */

static bool send_all(int descriptor, const char *bytes, ssize_t size)
{
    for (ssize_t sent = 0, now; sent < size; sent += now)
        if ((now = send(descriptor, bytes + sent, (size_t)(size - sent), MSG_NOSIGNAL)) <= 0)
            return false;
    return true;
}

static bool pass_to_server(gnutls_session_t session, int server)
{
    char bytes[16384];
    ssize_t size = gnutls_record_recv(session, bytes, sizeof bytes);
    return size > 0 && send_all(server, bytes, size);
}

static bool pass_to_client(gnutls_session_t session, int server)
{
    char bytes[16384];
    ssize_t size = recv(server, bytes, sizeof bytes, 0);
    return size > 0 && gnutls_record_send(session, bytes, (size_t)size) == size;
}

static void carry(gnutls_session_t session, int client, int server)
{
    bool is_open = true;
    while (is_open) {
        struct pollfd polled[] = {{.fd = client, .events = POLLIN},
                                  {.fd = server, .events = POLLIN}};
        bool is_pending = gnutls_record_check_pending(session) > 0;
        poll(polled, 2, is_pending ? 0 : -1);
        if (is_pending || polled[0].revents != 0)
            is_open = pass_to_server(session, server);
        if (is_open && polled[1].revents != 0)
            is_open = pass_to_client(session, server);
    }
    gnutls_bye(session, GNUTLS_SHUT_WR);
}

static void serve(const struct tls_server_options *options, int client, uint16_t server_port,
                  int handshakes)
{
    struct tls_server tls;
    if (!tls_server_open_socket(&tls, options, client) || gnutls_handshake(tls.session) != 0)
        return;
    int server = tools_connect(server_port);
    ssize_t told = write(handshakes, "+", 1);
    if (told == 1 && server >= 0)
        carry(tls.session, client, server);
}

/* ----- the process that listens ----- */

/* 0: the child, which goes when its parent does. */
static pid_t start_child(void)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
    }
    return child;
}

static void listen_for_ever(int listener, const struct tls_server_options *options,
                            uint16_t server_port, int handshakes)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0)
            _exit(1);
        if (start_child() == 0) {
            close(listener);
            serve(options, client, server_port, handshakes);
            _exit(0);
        }
        close(client);
    }
}

bool tls_terminator_start(struct tls_terminator *terminator,
                          const struct tls_server_options *options, uint16_t server_port)
{
    int pipes[2];
    int listener = tools_listen(&terminator->port);
    if (listener < 0 || pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    terminator->process = start_child();
    if (terminator->process == 0)
        listen_for_ever(listener, options, server_port, pipes[1]);
    close(listener);
    close(pipes[1]);
    terminator->handshakes = pipes[0];
    return terminator->process > 0;
}

unsigned tls_terminator_handshakes(const struct tls_terminator *terminator)
{
    char bytes[256];
    ssize_t count = read(terminator->handshakes, bytes, sizeof bytes);
    return count > 0 ? (unsigned)count : 0;
}

void tls_terminator_stop(struct tls_terminator *terminator)
{
    if (terminator->process <= 0)
        return;
    kill(terminator->process, SIGKILL);
    waitpid(terminator->process, NULL, 0);
    close(terminator->handshakes);
    memset(terminator, 0, sizeof *terminator);
}
