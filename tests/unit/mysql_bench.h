/*
 * mysql_bench.h - runs the MySQL state machine as the relay would, over packets of a table.
 */
#ifndef TESTS_MYSQL_BENCH_H
#define TESTS_MYSQL_BENCH_H

#include "proto/mysql_packet.h"
#include "unit/conversation.h"

enum step_kind { STEP_NONE, STEP_SERVER, STEP_DRIVER, STEP_SERVER_RAW, STEP_DRIVER_RAW, STEP_TLS };

/* A packet with its header left out, or (RAW) bytes as they are. */
struct packet {
    uint8_t sequence;
    const char *payload;
    size_t size;
};

struct step {
    enum step_kind kind;
    struct packet packet;
};

#define BYTES(text) text, sizeof(text) - 1
#define PACKET(sequence, text)                                                                     \
    {                                                                                              \
        sequence, BYTES(text)                                                                      \
    }
#define SERVER(sequence, text)                                                                     \
    {                                                                                              \
        STEP_SERVER, PACKET(sequence, text)                                                        \
    }
#define DRIVER(sequence, text)                                                                     \
    {                                                                                              \
        STEP_DRIVER, PACKET(sequence, text)                                                        \
    }
#define SERVER_RAW(text)                                                                           \
    {                                                                                              \
        STEP_SERVER_RAW, PACKET(0, text)                                                           \
    }
#define DRIVER_RAW(text)                                                                           \
    {                                                                                              \
        STEP_DRIVER_RAW, PACKET(0, text)                                                           \
    }
#define TLS_UP                                                                                     \
    {                                                                                              \
        STEP_TLS,                                                                                  \
        {                                                                                          \
            0, NULL, 0                                                                             \
        }                                                                                          \
    }

struct scenario {
    const char *name;
    enum proto_plan plan;
    struct step steps[10];
    enum proto_verdict verdict; /* the last one that is not PROTO_CONTINUE, if there is one */
    struct packet to_driver[6]; /* ended by payload NULL */
    struct packet to_server[6];
    enum odbcssl_error code;
    const char *error_part;
    bool are_outputs_open; /* what went out before the refusal depends on the cuts */
};

/* What packets hold. The driver's and the server's capabilities are those of MariaDB 10.11. */
#define SCRAMBLE_END "IJKLMNOPQRST\0"
#define GREETING_START                                                                             \
    "\x0a"                                                                                         \
    "5.5.5-10.11.19-MariaDB\0"                                                                     \
    "\x07\0\0\0"                                                                                   \
    "ABCDEFGH\0"
/* The last four reserved bytes are MariaDB's extended capabilities. */
#define GREETING_END(plugin)                                                                       \
    "\x2d\x02\0"                                                                                   \
    "\xff\x81"                                                                                     \
    "\x15"                                                                                         \
    "\0\0\0\0\0\0\x1d\0\0\0" SCRAMBLE_END plugin "\0"
#define GREETING_TLS GREETING_START "\xfe\xff" GREETING_END("mysql_native_password")
#define GREETING_PLAIN GREETING_START "\xfe\xf7" GREETING_END("mysql_native_password")
#define GREETING_8(low)                                                                            \
    "\x0a"                                                                                         \
    "8.4.5\0"                                                                                      \
    "\x07\0\0\0"                                                                                   \
    "ABCDEFGH\0" low "\xff\x02\0"                                                                  \
    "\xff\xdf"                                                                                     \
    "\x15"                                                                                         \
    "\0\0\0\0\0\0\0\0\0\0" SCRAMBLE_END "caching_sha2_password\0"
#define GREETING_MYSQL GREETING_8("\xff\xff")
#define GREETING_MYSQL_PLAIN GREETING_8("\xff\xf7")

#define FIXED_REST                                                                                 \
    "\0\0\0\x40"                                                                                   \
    "\x2d"                                                                                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"                                                       \
    "\x1d\0\0\0"
#define FIXED "\x85\xa2\x3a\0" FIXED_REST
#define FIXED_TLS "\x85\xaa\x3a\0" FIXED_REST
#define FIXED_FACTORS "\x85\xa2\x3a\x10" FIXED_REST
#define DIGEST20 "01234567890123456789"
#define DIGEST32 "01234567890123456789012345678901"
#define LOGIN(plugin, proof)                                                                       \
    "anna\0" proof plugin "\0"                                                                     \
    "\x05\x01"                                                                                     \
    "k"                                                                                            \
    "\x02"                                                                                         \
    "vv"
#define NATIVE LOGIN("mysql_native_password", "\x14" DIGEST20)
#define CACHING LOGIN("caching_sha2_password", "\x20" DIGEST32)

#define OK "\0\0\0\x02\0\0\0"
#define ERR_DENIED "\xff\x15\x04#28000Access denied for user 'anna'"
#define ERR_TRANSPORT "\xff\x57\x0c#HY000Connections using insecure transport are prohibited"
#define ERR_MANY "\xff\x10\x04Too many\n connections"
#define SWITCH(plugin)                                                                             \
    "\xfe" plugin "\0"                                                                             \
    "abcdefghijklmnopqrst\0"

struct bench {
    struct conversation talk;
    size_t sent_in_plaintext; /* bytes for the server before TLS was up */
    bool is_tls_up;
};

void bench_open(struct bench *bench, enum proto_plan plan);

void bench_close(struct bench *bench);

/* What follows a login goes on as it is, also when it came with its end. */
void bench_feed(struct bench *bench, bool is_server, const void *bytes, size_t size);

void bench_append_packet(struct buffer *buffer, const struct packet *packet);

/* Feeds the bytes of a step in parts: 0 at once; 1.. in two, cut there; -1 byte by byte. */
void bench_feed_cut(struct bench *bench, bool is_server, const struct buffer *bytes, long cut);

void bench_run_step(struct bench *bench, const struct step *step, long cut);

void bench_check_output(const struct scenario *scenario, long cut, const char *what,
                        const struct buffer *found, const struct packet *wanted);

void bench_run_scenarios(const struct scenario *scenarios, size_t count);

#endif
