/*
 * output.c - builds the string with which the application can connect again, now or from a file
 * that the driver manager saves (SAVEFILE): data source or driver, server and login, odbcssl's
 * keywords that were written for this connection, the real driver's settings, and last what it
 * added by itself.
 */
#include "conn/output.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define PASSWORD "PWD"

/* Read back, a value with these is the same only in braces: psqlodbc decodes the first two. */
#define DELICATE "%+;{}"

static void append(struct connstr *out, const char *keyword, const char *value)
{
    bool is_braced = strpbrk(value, DELICATE) != NULL;
    connstr_append_pair(out, keyword, value, is_braced ? CONNSTR_BRACED : CONNSTR_PLAIN);
}

/* The application reads the string back as one of its own. What cannot be written so was told to
 * nobody, and stays as it is. */
static void append_pair(const struct link *link, const char *name, const struct connstr_pair *pair,
                        bool is_wide, struct connstr *out)
{
    struct error error = {0};
    bool is_other =
        !is_wide && pair->origin >= CONNSTR_DATA_SOURCE && link->profile->to_narrow != NULL;
    char *narrow = is_other ? link->profile->to_narrow(pair, &error) : NULL;
    append(out, name, narrow != NULL ? narrow : pair->value);
    out->is_failed = out->is_failed || error.code == ODBCSSL_ERROR_MEMORY;
    text_free_secret(narrow);
}

static void append_setting(const struct link *link, const char *name, const char *keyword,
                           bool is_wide, struct connstr *out)
{
    const struct connstr_pair *pair =
        profile_find_pair(link->profile, &link->target.settings, keyword);
    if (pair != NULL)
        append_pair(link, name, pair, is_wide, out);
}

/* "host\instance" finds its port anew. */
static void append_server(const struct link *link, struct connstr *out)
{
    const struct profile_target *target = &link->target;
    char server[512];
    if (link->profile->is_open) /* under whichever keywords: they are among the settings */
        return;
    if (target->instance != NULL) {
        snprintf(server, sizeof server, "%s\\%s", target->host, target->instance);
        append(out, "SERVER", server);
    } else {
        append(out, "SERVER", target->host);
        profile_append_number(out, "PORT", target->port);
    }
}

static bool is_of_string(const struct option *option)
{
    return text_has_prefix_nocase(option->source, "connection string");
}

/* What was said of this connection, in its string or data source; what the driver's section says
 * holds for every one. A keyword that is set to nothing takes back what a lower place says. */
static void append_own(const struct link *link, struct connstr *out)
{
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct option *item = &link->settings.items[i];
        bool is_written = is_of_string(item) || text_has_prefix_nocase(item->source, "odbc.ini");
        if (is_written && keys[i].kind != KEY_SECRET)
            append(out, item->keyword, item->value != NULL ? item->value : "");
    }
}

/* As PWD: the application's own, and none of a file; and as the driver manager leaves PWD out of
 * the file that it saves, none for such a file. Under the name that it was given by, for the driver
 * manager's trace masks SslKeyPWD alone. */
static void append_key_password(const struct link *link, const struct connstr *given,
                                struct connstr *out)
{
    static const char as[] = ", as ";
    const struct option *password = &link->settings.tls.password;
    if (!is_of_string(password) || connstr_find(given, "SAVEFILE") != NULL)
        return;
    const char *alias = strstr(password->source, as);
    append(out, alias != NULL ? alias + strlen(as) : password->keyword,
           password->value != NULL ? password->value : "");
}

/* Pairs that out does not have under any name. A password that the data source holds stays there.
 */
static void append_missing(const struct link *link, const struct connstr *more, bool is_wide,
                           struct connstr *out)
{
    for (size_t i = 0; i < more->count; i++) {
        const struct connstr_pair *pair = &more->pairs[i];
        bool is_secret_of_file =
            pair->origin >= CONNSTR_DATA_SOURCE &&
            pair == profile_find_pair(link->profile, &link->target.settings, PASSWORD);
        if (profile_find_pair(link->profile, out, pair->keyword) == NULL && !is_secret_of_file)
            append_pair(link, pair->keyword, pair, is_wide, out);
    }
    out->is_failed = out->is_failed || more->is_failed;
}

/* What the real driver added, in its own writing, which not every one can be read back from: only
 * settings that it would understand again, and none of what was rewritten for it. */
static void append_additions(const struct link *link, const char *real_text, struct connstr *out)
{
    struct connstr real, known = {0};
    struct error error = {0};
    if (real_text == NULL || !connstr_parse(real_text, strlen(real_text), &real, &error))
        return;
    for (size_t i = 0; i < real.count; i++)
        if (profile_adds(link->profile, real.pairs[i].keyword))
            connstr_append(&known, real.pairs[i].keyword, real.pairs[i].value);
    append_missing(link, &known, true, out);
    connstr_free(&real);
    connstr_free(&known);
}

char *output_string(const struct link *link, const struct connstr *given, const char *real_text,
                    bool is_wide)
{
    const struct settings *settings = &link->settings;
    const struct connstr_pair *password =
        profile_find_pair(link->profile, &link->target.settings, PASSWORD);
    struct connstr out = {0};
    append(&out, settings->driver != NULL ? "DRIVER" : "DSN",
           settings->driver != NULL ? settings->driver : settings->dsn);
    append_setting(link, "DATABASE", "Database", is_wide, &out);
    append_server(link, &out);
    append_setting(link, "UID", link->profile->user_keyword, is_wide, &out);
    if (password != NULL && password->origin < CONNSTR_DATA_SOURCE)
        append(&out, PASSWORD, password->value);
    append_own(link, &out);
    append_key_password(link, given, &out);
    append_missing(link, &link->target.settings, is_wide, &out);
    append_additions(link, real_text, &out);
    char *text = connstr_format(&out);
    connstr_free(&out);
    return text;
}
