/* tds_peer.c - runs tds-server, and reads its log of events. */
#include "support/tds_peer.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "config.h"
#include "support/private_server.h"

#define PROGRAM "tests/support/tds-server"
#define LOG_SIZE ((size_t)1024 * 1024)
#define WAIT_MILLISECONDS 20000
#define ARGUMENT_LIMIT 32

struct tds_peer {
    struct private_server base;
    char events[96]; /* the file of its events */
    long forgotten;  /* bytes of it */
    char log[LOG_SIZE];
};

static const char *find_program(char *path, size_t size)
{
    const char *build = getenv("top_builddir");
    snprintf(path, size, "%s/" PROGRAM, build != NULL ? build : ".");
    return path;
}

bool tds_peer_is_available(void)
{
    char path[PRIVATE_PATH_SIZE];
    return access(find_program(path, sizeof path), X_OK) == 0 &&
           access(ODBC_MODULE_DIR "/libtdsodbc.so", R_OK) == 0;
}

/* ----- its words ----- */

static void read_file(const char *path, long offset, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t length = 0;
    if (file != NULL && fseek(file, offset, SEEK_SET) == 0)
        length = fread(out, 1, size - 1, file);
    if (file != NULL)
        fclose(file);
    out[length] = '\0';
}

const char *tds_peer_log(struct tds_peer *peer)
{
    read_file(peer->events, peer->forgotten, peer->log, sizeof peer->log);
    return peer->log;
}

void tds_peer_forget(struct tds_peer *peer)
{
    peer->forgotten += (long)strlen(tds_peer_log(peer));
}

unsigned tds_peer_count(const char *log, const char *text)
{
    unsigned count = 0;
    for (const char *found = strstr(log, text); found != NULL; found = strstr(found + 1, text))
        count++;
    return count;
}

static const char *wait_until(struct tds_peer *peer, const char *text)
{
    int64_t deadline = clock_monotonic() + WAIT_MILLISECONDS;
    for (;;) {
        const char *log = tds_peer_log(peer);
        bool is_there = text != NULL ? strstr(log, text) != NULL
                                     : tds_peer_count(log, " connect\n") ==
                                           tds_peer_count(log, " end records=");
        if (is_there || clock_left(deadline) <= 0)
            return log;
        poll(NULL, 0, 2);
    }
}

const char *tds_peer_wait(struct tds_peer *peer, const char *text)
{
    return wait_until(peer, text);
}

const char *tds_peer_wait_end(struct tds_peer *peer)
{
    return wait_until(peer, NULL);
}

/* ----- its process ----- */

static bool run(struct tds_peer *peer, const struct tds_peer_options *options)
{
    char path[PRIVATE_PATH_SIZE];
    const char *list[ARGUMENT_LIMIT + 1] = {
        "--port",       "0",
        "--cert",       options->certificate,
        "--key",        options->key,
        "--log",        peer->events,
        "--encryption", options->encryption != NULL ? options->encryption : "off"};
    size_t count = 10;
    if (options->client_ca != NULL) {
        list[count++] = "--client-ca";
        list[count++] = options->client_ca;
    }
    for (size_t i = 0; options->arguments != NULL && options->arguments[i] != NULL; i++)
        if (count < ARGUMENT_LIMIT)
            list[count++] = options->arguments[i];
    peer->base.process = private_server_run(&peer->base, find_program(path, sizeof path), list);
    return peer->base.process > 0;
}

/* Its first words are the port that it got. */
static bool wait_for_port(struct tds_peer *peer)
{
    int64_t deadline = clock_monotonic() + WAIT_MILLISECONDS;
    while (clock_left(deadline) > 0) {
        char words[4096];
        unsigned port;
        read_file(peer->base.log, 0, words, sizeof words);
        const char *said = strstr(words, "port ");
        if (said != NULL && strchr(said, '\n') != NULL && sscanf(said, "port %u", &port) == 1) {
            peer->base.port = (uint16_t)port;
            return true;
        }
        if (waitpid(peer->base.process, NULL, WNOHANG) != 0) {
            peer->base.process = 0;
            return false;
        }
        poll(NULL, 0, 2);
    }
    return false;
}

/* It does not mind being root, and may not be able to reach its own program as anybody else. */
struct tds_peer *tds_peer_start(const struct tds_peer_options *options)
{
    struct tds_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    bool is_open = private_server_open(&peer->base, "tds", "root");
    snprintf(peer->events, sizeof peer->events, "%s/events", peer->base.folder);
    if (is_open && run(peer, options) && wait_for_port(peer))
        return peer;
    private_server_tell(&peer->base, "tds-server did not start");
    tds_peer_stop(&peer);
    return NULL;
}

/* The processes of its connections go with it. */
void tds_peer_kill(struct tds_peer *peer)
{
    if (peer->base.process <= 0)
        return;
    kill(peer->base.process, SIGKILL);
    waitpid(peer->base.process, NULL, 0);
    peer->base.process = 0;
}

void tds_peer_stop(struct tds_peer **peer)
{
    if (*peer == NULL)
        return;
    private_server_close(&(*peer)->base);
    free(*peer);
    *peer = NULL;
}

uint16_t tds_peer_port(const struct tds_peer *peer)
{
    return peer->base.port;
}
