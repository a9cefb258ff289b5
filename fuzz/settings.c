/*
 * settings.c - keywords from wherever they are written to the real driver's connection string.
 *
 * Input: the real driver and the place in one byte, then a line of pairs in the syntax of
 * connection strings; then lines "keyword=value" of the data source, and behind a line "[" those of
 * the driver's section.
 */
#include <dlfcn.h>
#include <odbcinst.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"
#include "fuzz/target.h"

#define BY_DATA_SOURCE 0x80
#define DATA_SOURCE "fuzz"

static char *sections[2]; /* lines of the data source, and of the driver's section; NULL: none */

/* The next line's keyword and value. false: there is none. */
static bool next_line(const char **lines, const char **keyword, const char **value, size_t *size)
{
    while (**lines != '\0') {
        size_t length = strcspn(*lines, "\n");
        const char *equals = memchr(*lines, '=', length);
        *keyword = *lines;
        *lines += length + ((*lines)[length] != '\0');
        if (equals == NULL || equals == *keyword)
            continue;
        *value = equals + 1;
        *size = length - (size_t)(equals + 1 - *keyword);
        return true;
    }
    return false;
}

/* As libodbcinst: the value, cut to size, or the keywords with a NUL behind each. */
static int read_lines(const char *lines, const char *wanted, const char *absent, char *out,
                      int out_size)
{
    const char *keyword, *value;
    size_t size;
    int used = 0;
    while (lines != NULL && next_line(&lines, &keyword, &value, &size)) {
        int length = (int)(value - 1 - keyword);
        if (wanted == NULL && used + length + 2 < out_size)
            used += snprintf(out + used, (size_t)(out_size - used), "%.*s", length, keyword) + 1;
        else if (wanted != NULL && (int)strlen(wanted) == length &&
                 strncasecmp(wanted, keyword, (size_t)length) == 0)
            return snprintf(out, (size_t)out_size, "%.*s", (int)size, value);
    }
    return wanted == NULL ? used : snprintf(out, (size_t)out_size, "%s", absent);
}

/* In place of libodbcinst's, whose files and cache are too slow; the other targets have that
 * one. */
int SQLGetPrivateProfileString(LPCSTR section, LPCSTR entry, LPCSTR absent, LPSTR out, int out_size,
                               LPCSTR file)
{
    static int (*original)(LPCSTR, LPCSTR, LPCSTR, LPSTR, int, LPCSTR);
    if (original == NULL)
        *(void **)&original = dlsym(RTLD_NEXT, "SQLGetPrivateProfileString");
    if (sections[0] == NULL)
        return original(section, entry, absent, out, out_size, file);
    if (section == NULL)
        return 0;
    return read_lines(sections[strcmp(section, DATA_SOURCE) != 0], entry, absent, out, out_size);
}

static const char *const drivers[] = {"psqlodbcw", "libtdsodbc", "libmaodbc", "libother"};

/* What every file may hold, as the setup library and the command check it. */
static void check_pairs(const struct connstr *pairs)
{
    struct error error = {0};
    bool is_good = settings_check(pairs, "fuzz", &error);
    fuzz_require(is_good != error_is_set(&error));
}

/* The real driver is told its settings and the relay's address, which odbcssl would read so,
 * too. */
static void write_string(const struct profile *profile, const struct settings *settings,
                         const struct profile_target *target)
{
    const struct relay_endpoint endpoint = {
        .kind = profile->endpoint, .address = "127.0.0.9", .port = 9999};
    struct error error = {0};
    struct connstr list;
    char *text = profile_connection_string(profile, settings, target, &endpoint, false, &error);
    fuzz_require((text != NULL) != error_is_set(&error));
    if (text == NULL)
        return;
    fuzz_require(connstr_parse(text, strlen(text), &list, &error));
    connstr_free(&list);
    text_free_secret(text);
}

static void follow(const struct settings *settings)
{
    const struct profile *profile = profile_find(settings->family);
    struct profile_target target = {0};
    struct error error = {0};
    if (profile_read(profile, settings, &target, &error) &&
        profile_find_server(profile, settings, &target, &error))
        write_string(profile, settings, &target);
    else
        fuzz_require(error_is_set(&error));
    profile_target_free(&target);
}

static void resolve(const struct connstr *pairs, uint8_t choice)
{
    struct settings settings;
    struct error error = {0};
    check_pairs(pairs);
    bool is_good = settings_resolve(pairs, &settings, &error);
    fuzz_require(is_good != error_is_set(&error));
    for (size_t i = 0; is_good && i < settings.driver_settings.count; i++)
        settings.driver_settings.pairs[i].origin = (enum connstr_origin)(choice >> 2) % 5;
    if (is_good)
        follow(&settings);
    settings_free(&settings);
}

/* Cuts off the line that begins with '[', and what is before it ends; NULL: there is none. */
static char *cut_section(char *lines)
{
    char *bracket = lines != NULL ? strstr(lines, "\n[") : NULL;
    if (bracket != NULL)
        *bracket = '\0';
    return bracket != NULL ? bracket + 2 : NULL;
}

FUZZ_TARGET(settings, bytes, size)
{
    char *text = NULL, *input = size > 0 ? fuzz_text(bytes + 1, size - 1) : NULL;
    struct connstr pairs;
    struct error error = {0};
    if (input == NULL)
        return;
    setenv("ODBCSYSINI", "/nonexistent", 1);
    sections[1] = cut_section(input);
    char *lines = strchr(input, '\n');
    if (lines != NULL)
        *lines++ = '\0';
    sections[0] = lines != NULL ? lines : (char *)"";
    fuzz_require(asprintf(&text, "%s;TargetDriver=/lib/%s.so;%s",
                          (bytes[0] & BY_DATA_SOURCE) != 0 ? "DSN=" DATA_SOURCE
                                                           : "DRIVER=/lib/libodbcssl.so",
                          drivers[bytes[0] & 3], input) > 0);
    if (connstr_parse(text, strlen(text), &pairs, &error)) {
        resolve(&pairs, bytes[0]);
        connstr_free(&pairs);
    }
    sections[0] = NULL;
    free(text);
    free(input);
}
