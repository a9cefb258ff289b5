/*
 * soak_world.h - what changes around the connections of soak.c: a server, whose certificate is
 * renewed, revoked, and issued by a new authority, and the files of trust, which follow. Files are
 * replaced by rename, as administrators should do it.
 */
#ifndef TESTS_SOAK_WORLD_H
#define TESTS_SOAK_WORLD_H

#include "system/fixture.h"

/* What a connection is to find. */
enum world_verdict {
    WORLD_GOOD,
    WORLD_REVOKED,
    WORLD_STRANGER, /* no trust anchor leads to the server */
    WORLD_VERDICTS
};

/* Steps of one turn; after it everything is another: authority, server's certificate, files. */
#define WORLD_STEPS 9

/* The fixture with its server; trust.pem and lists.pem are what connections are to name. */
bool world_open(struct fixture *fixture);
void world_close(struct fixture *fixture);

struct world_step {
    const char *name;
    bool (*take)(struct fixture *fixture);
    enum world_verdict verdict; /* once it is taken */
    bool is_seamless;           /* connections are good before, during and after it */
};

/* In their order. */
extern const struct world_step world_steps[WORLD_STEPS];

#endif
