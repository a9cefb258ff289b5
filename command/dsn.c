/* dsn.c - `odbcssl dsn`: from nothing to a working data source. */
#include <errno.h>
#include <odbcinst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/arguments.h"
#include "command/bundle.h"
#include "command/check.h"
#include "command/command.h"
#include "command/driver_section.h"
#include "command/memory.h"
#include "command/odbc_section.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/target.h"

struct dsn {
    const char *name;
    const char *target;
    const char *server; /* HOST[:PORT] */
    const char *database;
    const char *user;
    const char *root_cert;
    const char *crl;
    const char *cert;
    const char *key;
    const char *bundle;
    const char *library_dir;
    struct connstr set; /* --set */
    enum odbc_file file;
};

/* ---- the real driver ---- */

/* The one driver of that family; of two flavours the Unicode one. */
static const char *find_driver(enum driver_family family, struct error *error)
{
    struct connstr names;
    const char *chosen = NULL;
    odbc_section_list(INI_DRIVERS, &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *name = names.pairs[i].keyword;
        const struct option option = {.value = (char *)name, .keyword = "--target"};
        char *path = NULL;
        if (!target_is_candidate(name) || !settings_find_driver(&option, &path, NULL))
            continue;
        bool is_ansi = strcasestr(name, "ansi") != NULL || strstr(path, "psqlodbca") != NULL;
        if (settings_driver_family(path) == family && (chosen == NULL || !is_ansi))
            chosen = memory_copy(name);
        free(path);
    }
    connstr_free(&names);
    if (chosen == NULL)
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "no driver of odbcinst.ini is one for this bundle: install it (odbc-postgresql "
                  "for GaussDB(DWS), tdsodbc for ApsaraDB), or name it by --target");
    return chosen;
}

/* Fills in what the bundle has and no option says otherwise. */
static bool take_bundle(struct dsn *dsn, struct error *error)
{
    struct bundle bundle;
    if (dsn->bundle == NULL)
        return true;
    if (!bundle_read(dsn->bundle, &bundle, error))
        return false;
    dsn->root_cert = dsn->root_cert != NULL ? dsn->root_cert : bundle.root_cert;
    dsn->crl = dsn->crl != NULL ? dsn->crl : bundle.crl;
    if (dsn->cert == NULL && dsn->key == NULL) {
        dsn->cert = bundle.cert;
        dsn->key = bundle.key;
    }
    if (dsn->target != NULL)
        return true;
    if (bundle.family == DRIVER_FAMILY_UNKNOWN)
        return error_set(
            error, ODBCSSL_ERROR_TARGET_MISSING,
            "--bundle=%s does not tell which database it is for: name the real driver by "
            "--target",
            dsn->bundle);
    dsn->target = find_driver(bundle.family, error);
    return dsn->target != NULL;
}

/* ---- the settings ---- */

static void add(struct connstr *pairs, const char *keyword, const char *value)
{
    if (value != NULL)
        memory_check(connstr_append(pairs, keyword, value));
}

/* Relative paths are the shell's; a data source needs whole ones. */
static bool add_file(struct connstr *pairs, enum key_index key, const char *option,
                     const char *given, struct error *error)
{
    if (given == NULL)
        return true;
    bool is_word = text_equal_nocase(given, "system") || text_has_prefix_nocase(given, "pkcs11:");
    const char *path = is_word ? given : arguments_path(given);
    if (path == NULL)
        error_set_system(error, ODBCSSL_ERROR_FILE_UNREADABLE, errno, "%s=%s", option, given);
    else
        add(pairs, keys[key].name, path);
    return path != NULL;
}

/* The keyword for the host of a driver that odbcssl does not know is said by --set. */
static const char *keyword_of(const struct dsn *dsn, enum key_index named, const char *usual)
{
    const struct connstr_pair *pair = connstr_find(&dsn->set, keys[named].name);
    return pair != NULL ? pair->value : usual;
}

/* What --target says already. */
static bool check_set(const struct dsn *dsn, struct error *error)
{
    static const char *const names[] = {"Driver", "TargetDriver", NULL};
    for (size_t i = 0; i < dsn->set.count; i++)
        if (text_is_one_of(dsn->set.pairs[i].keyword, names))
            return error_set(error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
                             "--set %s: --target names the real driver", dsn->set.pairs[i].keyword);
    return true;
}

static bool make_pairs(const struct dsn *dsn, const struct profile *profile, const char *driver,
                       struct connstr *pairs, struct error *error)
{
    char *host;
    uint16_t port;
    if (!arguments_server(dsn->server, &host, &port, error))
        return false;
    /* "host\instance" finds its port itself, and "host,port" has one. */
    if (port == 0 && strpbrk(host, "\\,") == NULL)
        port = profile->default_port;
    add(pairs, "Driver", driver);
    add(pairs, keyword_of(dsn, KEY_INDEX_SslServerKeyword, profile->server_keyword), host);
    add(pairs, keyword_of(dsn, KEY_INDEX_SslPortKeyword, profile->port_keyword),
        port != 0 ? memory_format("%u", port) : NULL);
    add(pairs, "Database", dsn->database);
    add(pairs, profile->user_keyword, dsn->user);
    if (!key_sets_mode(&dsn->set))
        add(pairs, keys[KEY_INDEX_SslMode].name, tls_mode_name(ODBCSSL_MODE_VERIFY_FULL));
    if (!add_file(pairs, KEY_INDEX_SslRootCert, "--root-cert", dsn->root_cert, error) ||
        !add_file(pairs, KEY_INDEX_SslCrl, "--crl", dsn->crl, error) ||
        !add_file(pairs, KEY_INDEX_SslCert, "--cert", dsn->cert, error) ||
        !add_file(pairs, KEY_INDEX_SslKey, "--key", dsn->key, error))
        return false;
    for (size_t i = 0; i < dsn->set.count; i++)
        memory_check(connstr_set(pairs, dsn->set.pairs[i].keyword, dsn->set.pairs[i].value));
    return ini_check_lines(pairs, error) && settings_check(pairs, "command line", error);
}

/* ---- writing ---- */

static bool check_name(const struct dsn *dsn, struct error *error)
{
    char path[ODBC_FILE_PATH_SIZE];
    enum odbc_file file;
    if (!SQLValidDSN(dsn->name) || !odbc_is_name(dsn->name, SQL_MAX_DSN_LENGTH))
        return error_set(error, ODBCSSL_ERROR_KEYWORD_VALUE,
                         "\"%s\" cannot be the name of a data source: " ODBC_NAME_RULE, dsn->name);
    if (odbc_file_of_source(dsn->name, &file))
        return error_set(
            error, ODBCSSL_ERROR_KEYWORD_CONFLICT,
            "there is a data source %s already, in %s: choose another name, or take it "
            "away first",
            dsn->name, odbc_file_path(file, path, sizeof path));
    return true;
}

/* The driver's section that is there, or a new one. NULL with error set. */
static char *find_section(const struct dsn *dsn, struct error *error)
{
    const struct driver_section section = {.target = dsn->target, .library_dir = dsn->library_dir};
    struct error reason = {0};
    char *name = driver_section_find(dsn->target);
    if (name != NULL || driver_section_write(&section, &name, &reason))
        return name;
    if (reason.code == ODBCSSL_ERROR_SYSTEM)
        error_set(error, reason.code,
                  "%s. Have an administrator run: odbcssl install --target \"%s\"", reason.text,
                  dsn->target);
    error_copy(error, &reason);
    return NULL;
}

static bool make_source(const struct dsn *dsn, struct error *error)
{
    struct connstr pairs = {0};
    const char *section, *path = driver_section_find_target(dsn->target, error);
    if (path == NULL)
        return false;
    /* All that can be wrong is found before a file is changed. */
    const struct profile *profile = profile_find(settings_driver_family(path));
    bool is_made = make_pairs(dsn, profile, "", &pairs, error) &&
                   (section = find_section(dsn, error)) != NULL &&
                   connstr_set(&pairs, "Driver", section) &&
                   odbc_section_change(dsn->file, dsn->name, &pairs, false, error);
    if (is_made)
        odbc_section_print(dsn->file, dsn->name, &pairs);
    connstr_free(&pairs);
    return is_made;
}

static int run(struct dsn *dsn)
{
    struct error error = {0};
    if (!check_name(dsn, &error) || !check_set(dsn, &error) || !take_bundle(dsn, &error) ||
        !make_source(dsn, &error))
        return fail(&error);
    printf("\n");
    int status = check_source_named(dsn->name);
    if (status == COMMAND_GOOD)
        printf("Next\n  isql -v %s %s PASSWORD\n", arguments_quote(dsn->name),
               dsn->user != NULL ? arguments_quote(dsn->user) : "USER");
    return status;
}

int command_dsn(int argc, char **argv)
{
    struct dsn dsn = {.file = ODBC_USER_SOURCES};
    struct argument_list set = {0};
    bool is_system = false;
    const struct argument rows[] = {
        {"target", 0, .text = &dsn.target},
        {"server", 0, .text = &dsn.server},
        {"database", 0, .text = &dsn.database},
        {"user", 0, .text = &dsn.user},
        {"root-cert", 0, .text = &dsn.root_cert},
        {"crl", 0, .text = &dsn.crl},
        {"cert", 0, .text = &dsn.cert},
        {"key", 0, .text = &dsn.key},
        {"bundle", 0, .text = &dsn.bundle},
        {"set", 0, .list = &set},
        {"system", 0, .flag = &is_system},
        {"library-dir", 0, .text = &dsn.library_dir},
        {0},
    };
    int status = COMMAND_WRONG_USE;
    if (arguments_read(argc, argv, rows, &dsn.name) && dsn.name != NULL && dsn.server != NULL &&
        (dsn.target != NULL || dsn.bundle != NULL) && arguments_to_pairs(&set, "--set", &dsn.set)) {
        dsn.file = is_system ? ODBC_SYSTEM_SOURCES : ODBC_USER_SOURCES;
        status = run(&dsn);
    }
    connstr_free(&dsn.set);
    return status;
}
