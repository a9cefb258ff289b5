/*
 * fault_visit.h - an application that connects, asks, fetches, sends, cancels and disconnects, and
 * accepts nothing but the right result or a clear error.
 */
#ifndef TESTS_FAULT_VISIT_H
#define TESTS_FAULT_VISIT_H

#include <stdbool.h>
#include <stddef.h>

/* In the connection string and in each statement: may not be seen on the wire. */
#define VISIT_SECRET "kept_from_the_wire"

#define VISIT_FINDING_SIZE 3000

/* In memory that is shared with the process that watches. */
struct visit_notes {
    const char *volatile phase;       /* what it is doing; a text of the program */
    unsigned errors;                  /* clear ones */
    unsigned seconds;                 /* that the slowest connect took */
    char error[400];                  /* the first */
    char finding[VISIT_FINDING_SIZE]; /* "": none */
};

/* What differs between databases. */
struct visit_words {
    const char *repeat;    /* the function that repeats a text */
    const char *sleep;     /* a statement that takes two seconds */
    const char *cancelled; /* the SQLSTATE of a query that was */
    const char *emptied;   /* of its record, which SQLCancel empties behind the query's end */
};

struct visit {
    const char *connection_string;
    const struct visit_words *words;
    bool cancels;
    bool wants_plaintext_allowed;     /* prefer: unverified, and after a refusal of TLS plaintext */
    int refusal;                      /* the error that the server deserves; 0: none */
    bool must_succeed;                /* or, with a refusal, must end in that one */
    bool may_be_mute;                 /* the real driver may give no diagnostic record */
    bool is_brief;                    /* connects and asks one thing */
    void (*connected)(void *context); /* may be NULL */
    void *context;
};

/* Returns when all is disconnected and freed. */
void visit_server(const struct visit *visit, struct visit_notes *notes);

/* Adds to the finding (printf); the first ones are kept. */
void visit_find(struct visit_notes *notes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
