/*
 * private_server.h - what test servers share: a process as an unprivileged user that dies with the
 * test, a temporary folder that it may write to, a free port.
 */
#ifndef TESTS_PRIVATE_SERVER_H
#define TESTS_PRIVATE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PRIVATE_PATH_SIZE 512

struct private_server {
    char folder[64];  /* temporary; owned by the user that the server runs as */
    char log[96];     /* in the folder: everything that its processes print */
    const char *user; /* whom to run as when the test is root's; NULL: nobody */
    uint16_t port;
    pid_t process;
};

/* Makes the folder. false on failure. */
bool private_server_open(struct private_server *server, const char *name, const char *user);

/* Kills the process and removes the folder. */
void private_server_close(struct private_server *server);

/* Copies a file into the folder as name, readable by the server alone. */
bool private_server_copy(const struct private_server *server, const char *from, const char *name);
bool private_server_write(const struct private_server *server, const char *name, const char *text);

/* Starts a program (absolute path; arguments without its name, ended by NULL) as the server's user;
 * it is killed when the calling thread ends. -1 on failure. */
pid_t private_server_run(const struct private_server *server, const char *path,
                         const char *const *arguments);

/* The same, waiting for its end; its exit status, -1 when there is none. */
int private_server_run_to_end(const struct private_server *server, const char *path,
                              const char *const *arguments);

/* Makes the folder's "data" with the installer of a server, whose arguments are always the same but
 * for the folder. Its work is kept in the build folder and copied from then on: that is far
 * faster. */
bool private_server_install(const struct private_server *server, const char *installer,
                            const char *const *arguments);

/* Waits until the process takes TCP connections on the port; false when it ended before. */
bool private_server_wait(struct private_server *server);

/* A port of 127.0.0.1 that was free just now; 0: none. */
uint16_t private_server_free_port(void);

/* Prints what and the end of the log as comments of TAP. */
void private_server_tell(const struct private_server *server, const char *what);

#endif
