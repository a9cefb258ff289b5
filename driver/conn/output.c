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
#include "config/keys.h"

#define PASSWORD "PWD"

/* Read back, a value with these is the same only in braces: psqlodbc decodes the first two. */
#define DELICATE "%+;{}"

static bool append(struct connstr *out, const char *keyword, const char *value)
{
    bool is_braced = strpbrk(value, DELICATE) != NULL;
    return connstr_append_pair(out, keyword, value, is_braced ? CONNSTR_BRACED : CONNSTR_PLAIN);
}

static bool append_setting(const struct link *link, const char *name, const char *keyword,
                           struct connstr *out)
{
    const char *value = profile_get(link->profile, &link->target.settings, keyword);
    return value == NULL || append(out, name, value);
}

/* "host\instance" finds its port anew. */
static bool append_server(const struct link *link, struct connstr *out)
{
    const struct profile_target *target = &link->target;
    char server[512];
    if (link->profile->is_open) /* under whichever keywords: they are among the settings */
        return true;
    if (target->instance == NULL)
        return append(out, "SERVER", target->host) &&
               profile_append_number(out, "PORT", target->port);
    snprintf(server, sizeof server, "%s\\%s", target->host, target->instance);
    return append(out, "SERVER", server);
}

/* What was said of this connection, in its string or data source; what the driver's section says
 * holds for every one. */
static bool append_own(const struct link *link, struct connstr *out)
{
    bool is_good = true;
    for (size_t i = 0; i < link->settings.item_count && is_good; i++) {
        const struct setting *item = &link->settings.items[i];
        bool is_written = text_has_prefix_nocase(item->source, "connection string") ||
                          text_has_prefix_nocase(item->source, "odbc.ini");
        if (is_written && item->value != NULL && key_find(item->keyword)->kind != KEY_SECRET)
            is_good = append(out, item->keyword, item->value);
    }
    return is_good;
}

/* libpq's address for the server is the user's own word, or PGHOSTADDR's. */
static bool append_options(const struct link *link, struct connstr *out)
{
    const char *rest = profile_get(link->profile, &link->target.settings, "pqopt");
    char address[512] = "";
    if (link->target.address != NULL)
        snprintf(address, sizeof address, "hostaddr=%s ", link->target.address);
    if (rest == NULL && *address == '\0')
        return true;
    char *value = NULL;
    bool is_good = asprintf(&value, "%s%s", address, rest != NULL ? rest : "") >= 0 &&
                   connstr_append_pair(out, "pqopt", value, CONNSTR_BRACED);
    text_free_secret(value);
    return is_good;
}

/* A password that the data source holds stays there. */
static bool is_secret_of_file(const struct link *link, const struct connstr_pair *pair)
{
    return pair->origin >= CONNSTR_DATA_SOURCE &&
           pair == profile_find_pair(link->profile, &link->target.settings, PASSWORD);
}

static bool append_password(const struct link *link, struct connstr *out)
{
    const struct connstr_pair *pair =
        profile_find_pair(link->profile, &link->target.settings, PASSWORD);
    return pair == NULL || is_secret_of_file(link, pair) || append(out, PASSWORD, pair->value);
}

/* Pairs that out does not have under any name. */
static bool append_missing(const struct link *link, const struct connstr *more, struct connstr *out)
{
    bool is_good = true;
    for (size_t i = 0; i < more->count && is_good; i++) {
        const struct connstr_pair *pair = &more->pairs[i];
        if (profile_find_pair(link->profile, out, pair->keyword) == NULL &&
            !is_secret_of_file(link, pair))
            is_good = append(out, pair->keyword, pair->value);
    }
    return is_good;
}

/* What the real driver added, in its own writing, which not every one can be read back from: only
 * settings that it would understand again, and none of what was rewritten for it. */
static bool append_additions(const struct link *link, const char *real_text, struct connstr *out)
{
    struct connstr real, known = {0};
    struct error error = {0};
    bool is_good = true;
    if (real_text == NULL || !connstr_parse(real_text, strlen(real_text), &real, &error))
        return true;
    for (size_t i = 0; i < real.count && is_good; i++)
        if (profile_adds(link->profile, real.pairs[i].keyword))
            is_good = connstr_append(&known, real.pairs[i].keyword, real.pairs[i].value);
    is_good = is_good && append_missing(link, &known, out);
    connstr_free(&real);
    connstr_free(&known);
    return is_good;
}

static bool build(const struct link *link, const char *real_text, struct connstr *out)
{
    const struct settings *settings = &link->settings;
    bool is_by_driver = settings->driver != NULL;
    return append(out, is_by_driver ? "DRIVER" : "DSN",
                  is_by_driver ? settings->driver : settings->dsn) &&
           append_setting(link, "DATABASE", "Database", out) && append_server(link, out) &&
           append_setting(link, "UID", link->profile->user_keyword, out) &&
           append_password(link, out) && append_own(link, out) && append_options(link, out) &&
           append_missing(link, &link->target.settings, out) &&
           append_additions(link, real_text, out);
}

char *output_string(const struct link *link, const char *real_text)
{
    struct connstr out = {0};
    char *text = build(link, real_text, &out) ? connstr_format(&out) : NULL;
    connstr_free(&out);
    return text;
}
