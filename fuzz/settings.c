/*
 * settings.c - keywords from wherever they are written to the real driver's connection string.
 * Input: the real driver and the place in one byte, then pairs in the syntax of connection strings.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "conn/profiles.h"
#include "fuzz/target.h"

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

FUZZ_TARGET(settings, bytes, size)
{
    char *text = NULL;
    struct connstr pairs;
    struct settings settings;
    struct error_list warnings = {0};
    struct error error = {0};
    if (size == 0)
        return;
    setenv("ODBCSYSINI", "/nonexistent", 1);
    int length = asprintf(&text, "DRIVER=/lib/libodbcssl.so;TargetDriver=/lib/%s.so;%.*s",
                          drivers[bytes[0] & 3], (int)size - 1, (const char *)bytes + 1);
    fuzz_require(length > 0);
    if (connstr_parse(text, (size_t)length, &pairs, &error)) {
        check_pairs(&pairs);
        bool is_good = settings_resolve(&pairs, &settings, &warnings, &error);
        fuzz_require(is_good != error_is_set(&error));
        for (size_t i = 0; is_good && i < settings.driver_settings.count; i++)
            settings.driver_settings.pairs[i].origin = (enum connstr_origin)(bytes[0] >> 2) % 5;
        if (is_good)
            follow(&settings);
        settings_free(&settings);
        connstr_free(&pairs);
    }
    free(text);
}
