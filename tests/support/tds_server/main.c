/* main.c - the command: options, the listening socket, one process for each connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/tds_server/server.h"

static const char usage[] =
    "Usage: tds-server --port N --cert FILE --key FILE [--client-ca FILE] [--log FILE]\n"
    "    [--encryption off|on|required|unsupported|strict] [--max-tls 1.0|1.1|1.2|1.3]\n"
    "    [--mars] [--route HOST:PORT] [--browser-port N] [--instance NAME] [--misbehave KIND]\n"
    "Listens on 127.0.0.1; port 0 takes a free one. Prints \"port N\" and, with a browser,\n"
    "\"browser N\", then serves until SIGTERM or the end of its parent.\n"
    "KIND: early truncate garbage garbage-login close silence silent-start login-only\n"
    "    split-handshake reply-handshake no-mars late-route\n";

struct word {
    const char *word;
    int value;
};

static const struct word encryption_words[] = {
    {"off", ENCRYPTION_MODE_OFF},         {"on", ENCRYPTION_MODE_FORCED},
    {"required", ENCRYPTION_MODE_FORCED}, {"unsupported", ENCRYPTION_MODE_UNSUPPORTED},
    {"strict", ENCRYPTION_MODE_STRICT},   {NULL, 0},
};

static const struct word tls_words[] = {
    {"1.0", TLS1_VERSION},
    {"1.1", TLS1_1_VERSION},
    {"1.2", TLS1_2_VERSION},
    {"1.3", TLS1_3_VERSION},
    {NULL, 0},
};

static const struct word misbehaviour_words[] = {
    {"early", MISBEHAVE_EARLY},
    {"truncate", MISBEHAVE_TRUNCATE},
    {"close-answer", MISBEHAVE_CLOSE_ANSWER},
    {"garbage", MISBEHAVE_GARBAGE},
    {"garbage-login", MISBEHAVE_GARBAGE_LOGIN},
    {"close", MISBEHAVE_CLOSE},
    {"silence", MISBEHAVE_SILENCE},
    {"silent-start", MISBEHAVE_SILENT_START},
    {"login-only", MISBEHAVE_LOGIN_ONLY},
    {"split-handshake", MISBEHAVE_SPLIT_HANDSHAKE},
    {"reply-handshake", MISBEHAVE_REPLY_HANDSHAKE},
    {"no-mars", MISBEHAVE_NO_MARS},
    {"late-route", MISBEHAVE_LATE_ROUTE},
    {NULL, 0},
};

#define AT(field) offsetof(struct server_options, field)

static const struct option_row {
    const char *name;
    size_t at;                /* where the value goes in struct server_options */
    const struct word *words; /* NULL: the value is a text */
} option_rows[] = {
    {"--port", AT(port), NULL},
    {"--cert", AT(certificate), NULL},
    {"--key", AT(key), NULL},
    {"--client-ca", AT(client_ca), NULL},
    {"--encryption", AT(encryption), encryption_words},
    {"--max-tls", AT(maximum_tls), tls_words},
    {"--log", AT(log), NULL},
    {"--route", AT(route), NULL},
    {"--misbehave", AT(misbehaviour), misbehaviour_words},
    {"--browser-port", AT(browser_port), NULL},
    {"--instance", AT(instance), NULL},
    {NULL, 0, NULL},
};

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "tds-server: %s %s\n%s", what, text, usage);
    exit(2);
}

static int find_word(const struct word *words, const char *text)
{
    for (; words->word != NULL; words++)
        if (strcmp(words->word, text) == 0)
            return words->value;
    fail("unknown value", text);
    return 0;
}

static void parse_options(char **arguments, struct server_options *options)
{
    for (; *arguments != NULL; arguments++) {
        const struct option_row *row = option_rows;
        if (strcmp(*arguments, "--mars") == 0) {
            options->has_mars = true;
            continue;
        }
        while (row->name != NULL && strcmp(row->name, *arguments) != 0)
            row++;
        if (row->name == NULL || arguments[1] == NULL)
            fail("wrong option", *arguments);
        void *place = (char *)options + row->at;
        arguments++;
        if (row->words != NULL)
            *(int *)place = find_word(row->words, *arguments);
        else
            *(const char **)place = *arguments;
    }
    if (options->certificate == NULL || options->key == NULL)
        fail("missing", "--cert or --key");
    if (options->log != NULL && !log_start(options->log))
        fail("cannot write", options->log);
}

static int open_listener(uint16_t port, uint16_t *port_out)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0) {
        perror("tds-server: cannot listen");
        exit(1);
    }
    *port_out = ntohs(address.sin_port);
    return listener;
}

/* A child goes with its parent, also when that is killed. */
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

static void start_browser(const struct server_options *options, uint16_t tcp_port)
{
    uint16_t port;
    int descriptor = browser_open((uint16_t)atoi(options->browser_port), &port);
    if (descriptor < 0) {
        perror("tds-server: cannot listen for the browser");
        exit(1);
    }
    printf("browser %u\n", port);
    fflush(stdout);
    if (start_child() == 0) {
        browser_serve(descriptor, options->instance, tcp_port);
        _exit(0);
    }
    close(descriptor);
}

static void serve(const struct server_options *options, SSL_CTX *context, int listener)
{
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (descriptor < 0 && errno != EINTR && errno != ECONNABORTED)
            exit(1);
        if (descriptor < 0)
            continue;
        if (start_child() == 0) {
            close(listener);
            connection_serve(options, context, descriptor);
            exit(0);
        }
        close(descriptor);
    }
}

int main(int argc, char **argv)
{
    struct server_options options = {.port = "0", .instance = "MSSQLSERVER"};
    uint16_t port;
    (void)argc;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    parse_options(argv + 1, &options);
    SSL_CTX *context = tls_create_context(&options);
    if (context == NULL)
        return 1;
    int listener = open_listener((uint16_t)atoi(options.port), &port);
    if (options.browser_port != NULL)
        start_browser(&options, port);
    printf("port %u\n", port);
    fflush(stdout);
    serve(&options, context, listener);
}
