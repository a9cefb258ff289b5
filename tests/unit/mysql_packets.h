/*
 * mysql_packets.h - what the steps of MySQL's logins are made of.
 */
#ifndef TESTS_MYSQL_PACKETS_H
#define TESTS_MYSQL_PACKETS_H

#include "proto/mysql_packet.h"
#include "unit/conversation.h"

/* A packet with its header left out, or (RAW) bytes as they are. */
#define PACKET(sequence, text)                                                                     \
    {                                                                                              \
        sequence, text, sizeof(text) - 1                                                           \
    }
#define SERVER(sequence, text)                                                                     \
    {                                                                                              \
        SPEAKER_SERVER, PACKET(sequence, text)                                                     \
    }
#define DRIVER(sequence, text)                                                                     \
    {                                                                                              \
        SPEAKER_DRIVER, PACKET(sequence, text)                                                     \
    }
#define SERVER_RAW(text)                                                                           \
    {                                                                                              \
        SPEAKER_SERVER, PACKET(PIECE_RAW, text)                                                    \
    }
#define DRIVER_RAW(text)                                                                           \
    {                                                                                              \
        SPEAKER_DRIVER, PACKET(PIECE_RAW, text)                                                    \
    }
#define TLS_UP                                                                                     \
    {                                                                                              \
        SPEAKER_TLS,                                                                               \
        {                                                                                          \
            0, NULL, 0                                                                             \
        }                                                                                          \
    }

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
#define FIXED_TRACK "\x85\xa2\xba\0" FIXED_REST
#define FIXED_TRACK_TLS "\x85\xaa\xba\0" FIXED_REST
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

#endif
