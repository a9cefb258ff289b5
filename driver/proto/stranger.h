/*
 * stranger.h - how an error shows what a server sent that speaks another protocol than the one it
 * was asked in: mostly a wrong port, seldom an attack.
 */
#ifndef PROTO_STRANGER_H
#define PROTO_STRANGER_H

#include <stdbool.h>
#include <stddef.h>

/* Enough for the bytes that are shown, each escaped, and a guess behind them. */
#define STRANGER_TEXT_SIZE 256

/* The first of the bytes, escaped and in quotes, and what they look like: "\"SSH-2.0-x\\r\\n\", as
 * an SSH server does". Returns out. */
const char *stranger_describe(const void *bytes, size_t size, char *out, size_t out_size);

/* Whether the bytes are a line of text, or the beginning of one: no message of a database's
 * protocol, and no TLS record. */
bool stranger_is_text(const void *bytes, size_t size);

#endif
