/*
 * log.h - the trace file of SslTrace. One line per event: time, process, text. It never gets
 * secrets or user data: callers pass names, states and lengths only.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/error.h"

struct log;

/* Opens the file for appending (created 0600, close-on-exec). NULL with error set when it cannot
 * be. With path NULL, NULL without error: a log that takes everything and writes nothing. */
struct log *log_open(const char *path, struct error *error);

/* Writes one line; log may be NULL. Safe from several threads. */
void log_write(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Accepts NULL and clears. */
void log_close(struct log **log);

#endif
