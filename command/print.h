/*
 * print.h - findings for people and programs: as text while they come, one JSON object, or a page.
 */
#ifndef COMMAND_PRINT_H
#define COMMAND_PRINT_H

#include <stdio.h>

#include "command/findings.h"
#include "command/json.h"

/* Text on standard output, each with the section's title before its first fact. */
void print_setting(struct findings *findings, const struct finding_setting *setting);
void print_fact(struct findings *findings, const struct fact *fact);

/* What a connection would be, and what to do about each failure and warning. */
void print_verdict(const struct findings *findings);

/* The items of the object; the caller opens and closes it. */
void print_json(const struct findings *findings, struct json *json);

/* One self-contained page: no scripts, nothing is loaded from elsewhere. */
void print_html(const struct findings *findings, FILE *out);

#endif
