/* conn_rig.c - see conn_rig.h. */
#include "unit/conn_rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "support/suite.h"

const struct relay_endpoint conn_loopback = {ENDPOINT_LOOPBACK, "127.9.8.7", 15432, ""};
const struct relay_endpoint conn_private_socket = {ENDPOINT_UNIX, "", 0, "/tmp/x/socket"};

int conn_forget_environment(void)
{
    static const char *const unset[] = {
        "PGCHANNELBINDING", "PGGSSENCMODE", "PGREQUIREPEER", "FREETDS",      "FREETDSCONF",
        "MYSQL_TCP_PORT",   "PGDATABASE",   "PGHOSTADDR",    "PGPASSFILE",   "PGPASSWORD",
        "PGPORT",           "PGSERVICE",    "PGSERVICEFILE", "PGSYSCONFDIR", "PGUSER",
        "TDSHOST",          "TDSPORT",      "TDSVER",
    };
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++)
        unsetenv(unset[i]);
    return 0;
}

void conn_make_settings(struct settings *settings, enum driver_family family, const char *text)
{
    struct error error = {0};
    *settings = (struct settings){.family = family};
    settings->driver_path = strdup("/lib/the-driver.so");
    settings->target_driver.value = strdup("The Real Driver");
    CHECK_FATAL(connstr_parse(text, strlen(text), &settings->driver_settings, &error));
}

bool conn_rewrite(enum driver_family family, const char *text,
                  const struct relay_endpoint *endpoint, struct connstr *list, struct error *error)
{
    struct settings settings;
    struct profile_target target = {0};
    const struct profile *profile = profile_find(family);
    char *rewritten = NULL;
    conn_make_settings(&settings, family, text);
    if (profile_read(profile, &settings, &target, error) &&
        profile_find_server(profile, &settings, &target, error))
        rewritten = profile_connection_string(profile, &settings, &target, endpoint, false, error);
    profile_target_free(&target);
    settings_free(&settings);
    *list = (struct connstr){0};
    bool is_good = rewritten != NULL && connstr_parse(rewritten, strlen(rewritten), list, error);
    text_free_secret(rewritten);
    return is_good;
}

void conn_place_settings(struct settings *settings, enum driver_family family,
                         const char *const *texts)
{
    static const enum connstr_origin origins[] = {CONNSTR_PLAIN, CONNSTR_DATA_SOURCE,
                                                  CONNSTR_DRIVER_SECTION};
    conn_make_settings(settings, family, "");
    for (size_t place = 3; place-- > 0;) {
        struct connstr list;
        struct error error = {0};
        const char *text = texts[place] != NULL ? texts[place] : "";
        CHECK_FATAL(connstr_parse(text, strlen(text), &list, &error));
        for (size_t i = 0; i < list.count; i++)
            CHECK_FATAL(connstr_append_pair(&settings->driver_settings, list.pairs[i].keyword,
                                            list.pairs[i].value,
                                            place == 0 ? list.pairs[i].origin : origins[place]));
        connstr_free(&list);
    }
}
