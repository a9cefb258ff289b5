/*
 * bench.h - what `make bench` is made of: subjects (a driver with its own TLS, odbcssl by each
 * transport, a TLS tunnel), works, and the values that one turn of a work yields.
 *
 * Every subject is a process of its own, so that none pays for another; the parent gives them the
 * turns, one after the other, and reports medians and ratios.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#define BENCH_VALUES 3 /* of one turn, at the most */
#define BENCH_ROUNDS 11
#define BENCH_STRING_SIZE 2048

enum subject_kind {
    SUBJECT_THEIRS, /* the real driver's own TLS */
    SUBJECT_OURS,   /* odbcssl, default transport */
    SUBJECT_RELAY,  /* odbcssl, SslTransport=relay */
    SUBJECT_TUNNEL, /* the real driver in plaintext through stunnel */
    SUBJECT_COUNT
};

/* Empty: the subject cannot do it. */
struct subject {
    char connection[BENCH_STRING_SIZE];
    char connection_crl[BENCH_STRING_SIZE];    /* with a CRL of 100,000 entries */
    char connection_system[BENCH_STRING_SIZE]; /* with the system's trust anchors */
};

/* How a database says what the works need. */
struct dialect {
    const char *prefix;       /* of names: "", "tds_", "mysql_" */
    const char *theirs;       /* for people: "psqlodbc" */
    const char *rows;         /* %zu rows of 100 bytes */
    const char *cells;        /* %zu rows of 4 columns */
    const char *large;        /* %zu values of 1 MB */
    const char *insert_large; /* one parameter */
    const char *set_up[3];    /* before the first insert, in the subject's session; NULL ends */
    const char *mixed[3];     /* short queries; NULL: no throughput */
};

/* One turn. size: how much of it; values_out: see the row's metrics. false: printed to stderr. */
struct metric {
    const char *name;
    const char *unit;
    double scale;  /* value * scale is in this unit */
    double target; /* ratio ours/theirs; 0: none */
    bool is_higher_better;
};

struct work {
    struct metric metrics[BENCH_VALUES];
    bool (*run)(const struct subject *subject, const struct dialect *dialect, size_t size,
                double *values_out);
    size_t size;
    size_t quick_size;
    bool is_fresh;      /* each turn in a new process */
    bool is_for_tunnel; /* also through stunnel */
    bool (*is_possible)(const struct subject *subject, const struct dialect *dialect);
};

extern const struct work bench_works[]; /* ended by a row without run */

/* --- servers.c --- */

struct server {
    struct dialect dialect;
    struct subject subjects[SUBJECT_COUNT];
};

/* Starts private servers and fills in up to three rows; those that cannot be had are left out, with
 * a line that says so. The number of rows. */
size_t servers_start(struct server *servers);
void servers_stop(void);

/* --- measure.c --- */

double measure_now(void);       /* seconds */
double measure_processor(void); /* of this process, user and system, seconds */
double measure_anonymous(void); /* bytes of anonymous memory of this process */
double measure_median(double *values, size_t count);
double measure_percentile(double *values, size_t count, double part);

/* Seconds to decrypt a gigabyte in TLS records with AES-256-GCM, and to copy it once. */
bool measure_limits(double *decrypt_out, double *copy_out);

/* --- results.c: the table on stdout, and bench/results.json --- */

struct result {
    char name[64];
    const char *unit;
    double ours, theirs;
    double target;    /* 0: none */
    bool is_absolute; /* target is a value of ours, not a ratio */
    bool is_higher_better;
};

void results_add(const struct result *result);
bool results_write(const char *path);

/* --- crl.c --- */

/* A CRL of issuer, DER or PEM by is_pem, whose entries have reason codes. */
struct pki_certificate;
bool crl_write(const char *path, const struct pki_certificate *issuer, size_t entries, bool is_pem);

/* A million entries, beside `openssl crl`; as results. */
bool crl_measure(const char *self, const char *folder, size_t entries, unsigned rounds);

/* The process that is measured: `bench --load-crl FILE`. Its exit status. */
int crl_load(const char *path);

#endif
