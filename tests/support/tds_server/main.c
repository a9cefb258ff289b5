/* The command: options, the listening socket, one process for each connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
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

static void set_route(struct server_options *options, char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL)
        fail("no port in", text);
    *colon = '\0';
    options->route_host = text;
    options->route_port = (uint16_t)atoi(colon + 1);
}

static void set_option(struct server_options *options, int option, char *text)
{
    switch (option) {
    case 'p':
        options->port = (uint16_t)atoi(text);
        break;
    case 'c':
        options->certificate = text;
        break;
    case 'k':
        options->key = text;
        break;
    case 'a':
        options->client_ca = text;
        break;
    case 'e':
        options->encryption = (enum encryption_mode)find_word(encryption_words, text);
        break;
    case 't':
        options->maximum_tls = find_word(tls_words, text);
        break;
    case 'l':
        if (!log_start(text))
            fail("cannot write", text);
        break;
    case 'r':
        set_route(options, text);
        break;
    case 'm':
        options->has_mars = true;
        break;
    case 'x':
        options->misbehaviour = (enum misbehaviour)find_word(misbehaviour_words, text);
        break;
    case 'b':
        options->browser_port = (uint16_t)atoi(text);
        break;
    case 'i':
        options->instance = text;
        break;
    default:
        fail("wrong", "option");
    }
}

static void parse_options(int argc, char **argv, struct server_options *options)
{
    static const struct option names[] = {
        {"port", required_argument, NULL, 'p'},
        {"cert", required_argument, NULL, 'c'},
        {"key", required_argument, NULL, 'k'},
        {"client-ca", required_argument, NULL, 'a'},
        {"encryption", required_argument, NULL, 'e'},
        {"max-tls", required_argument, NULL, 't'},
        {"log", required_argument, NULL, 'l'},
        {"route", required_argument, NULL, 'r'},
        {"mars", no_argument, NULL, 'm'},
        {"misbehave", required_argument, NULL, 'x'},
        {"browser-port", required_argument, NULL, 'b'},
        {"instance", required_argument, NULL, 'i'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1)
        set_option(options, option, optarg);
    if (optind != argc || options->certificate == NULL || options->key == NULL)
        fail("missing", "--cert or --key");
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
    int descriptor = browser_open(options->browser_port, &port);
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
    struct server_options options = {.instance = "MSSQLSERVER"};
    uint16_t port;
    bool has_browser = false;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    for (int i = 1; i < argc; i++)
        has_browser = has_browser || strcmp(argv[i], "--browser-port") == 0;
    parse_options(argc, argv, &options);
    SSL_CTX *context = tls_create_context(&options);
    if (context == NULL)
        return 1;
    int listener = open_listener(options.port, &port);
    if (has_browser)
        start_browser(&options, port);
    printf("port %u\n", port);
    fflush(stdout);
    serve(&options, context, listener);
}
