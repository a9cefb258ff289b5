/*
 * clock.h - times: RFC 3339 texts, whole days between two times, and deadlines.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* "2026-03-01T12:00:00Z"; out holds CLOCK_TEXT_SIZE bytes. Returns out. */
#define CLOCK_TEXT_SIZE 32
const char *clock_format(time_t time, char *out);

/* "2026-03-01" */
const char *clock_format_date(time_t time, char *out);

/* Parses RFC 3339 with Z or a numeric offset; a date alone is its midnight in UTC. */
bool clock_parse(const char *text, time_t *time_out);

/* Whole days from now until end, rounded down: negative when end has passed. */
int32_t clock_days_until(time_t end, time_t now);

/* A point on the monotonic clock in milliseconds. */
int64_t clock_monotonic(void);

/* Milliseconds left until the deadline for poll(): never negative, and at most INT_MAX. */
int clock_left(int64_t deadline);

#endif
