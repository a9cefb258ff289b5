/*
 * settings.h - what one connection is to do: every keyword resolved from connection string, DSN,
 * driver section, environment, default files and built-in defaults, in this order (odbcssl(7)).
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/options.h"
#include "config/connstr.h"
#include "config/keys.h"

struct settings {
    struct tls_options tls;
    struct option target_driver; /* as written */
    char *driver_path;           /* the library TargetDriver leads to; absolute */
    enum driver_family family;
    struct option server_keyword; /* SslServerKeyword: which keyword holds the host */
    struct option port_keyword;   /* SslPortKeyword */
    char *dsn;                    /* NULL when the connection string names a driver */
    char *driver;                 /* what it names there; else NULL */
    bool is_by_name;              /* the DSN is an argument: SQLConnect was called */
    /* Every keyword of driver section, DSN and connection string that is not ours, in this order,
     * from what counts last to what counts first, once for each place; without DSN, DRIVER,
     * Description, Trace. Which of them the real driver gets is its profile's to say. */
    struct connstr driver_settings;
    /* Every keyword of keys.def with the value in force as it was written, and its source; a secret
     * is "(set)". */
    struct option items[KEY_COUNT];
};

/*
 * Resolves the connection string (UTF-8 or the application's bytes). Reads odbc.ini and
 * odbcinst.ini through libodbcinst. On failure it returns false, error names keyword, value and
 * place, and settings is all zeroes. Files are only looked for, not read: default files count when
 * they exist.
 */
bool settings_resolve(const struct connstr *connection_string, struct settings *settings,
                      struct error *error);

/* Wipes the secrets and frees everything; settings is then all zeroes. */
void settings_free(struct settings *settings);

/* Checks keywords that are about to be written somewhere: names, values, and whether they
 * contradict each other. source is for errors: "odbc.ini [warehouse]". false with error set. */
bool settings_check(const struct connstr *pairs, const char *source, struct error *error);

/* The path a driver name or path of odbcinst.ini leads to, for TargetDriver: a section's Driver64
 * or Driver, a relative library searched for in the driver manager's module directory. The caller
 * frees it. false with error set. */
bool settings_find_driver(const struct option *target, char **path_out, struct error *error);

/* By the library's name: psqlodbcw.so, libtdsodbc.so, libmaodbc.so ... */
enum driver_family settings_driver_family(const char *path);

#endif
