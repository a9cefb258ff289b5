/* data_source.c - what the files say of a data source, found as the driver manager finds it. */
#include "command/data_source.h"

#include <stdlib.h>
#include <unistd.h>

#include "command/memory.h"
#include "config/ini.h"
#include "config/keys.h"
#include "config/settings.h"
#include "config/target.h"

#define DEFAULT_NAME "DEFAULT"

static const char *value_of(const struct connstr *settings, const char *keyword)
{
    const struct connstr_pair *pair = connstr_find(settings, keyword);
    return pair != NULL && pair->value[0] != '\0' ? pair->value : NULL;
}

/* is_library_allowed: in a connection string, a driver that is no section is the library. */
static void find_library(struct data_source *source, bool is_library_allowed)
{
    char *library = NULL;
    if (source->driver[0] != '/')
        target_read_library(source->driver, &library, NULL);
    if (library != NULL)
        source->driver_section = source->driver;
    if (library != NULL || source->driver[0] == '/' || is_library_allowed)
        source->library = memory_copy(library != NULL ? library : source->driver);
    free(library);
    source->state = source->library != NULL ? DATA_SOURCE_FOUND : DATA_SOURCE_DRIVER_UNKNOWN;
    if (source->library == NULL)
        return;
    /* A library without a folder is one of the driver manager's; the loader may still find it. */
    source->path = source->library[0] == '/'
                       ? source->library
                       : memory_format("%s/%s", ODBC_MODULE_DIR, source->library);
    if (access(source->path, F_OK) != 0)
        source->path = NULL;
    source->is_odbcssl = target_is_odbcssl(source->path != NULL ? source->path : source->library);
}

static bool read_section(struct data_source *source, const char *section)
{
    if (!ini_look_at_section(INI_DATA_SOURCES, section, &source->settings))
        return false;
    source->section = memory_copy(section);
    return true;
}

struct data_source data_source_find(const char *name)
{
    struct data_source source = {.state = DATA_SOURCE_ABSENT, .name = memory_copy(name)};
    if (!read_section(&source, name) && !read_section(&source, DEFAULT_NAME))
        return source;
    source.driver = memory_copy(value_of(&source.settings, "Driver"));
    if (source.driver == NULL)
        source.state = DATA_SOURCE_WITHOUT_DRIVER;
    else
        find_library(&source, false);
    return source;
}

struct data_source data_source_of(const struct connstr *connection_string)
{
    const char *driver = connstr_get(connection_string, "DRIVER");
    const char *name = connstr_get(connection_string, "DSN");
    if (driver == NULL || driver[0] == '\0')
        return data_source_find(name != NULL && name[0] != '\0' ? name : DEFAULT_NAME);
    struct data_source source = {.driver = memory_copy(driver)};
    find_library(&source, true);
    return source;
}

void data_source_free(struct data_source *source)
{
    connstr_free(&source->settings);
    *source = (struct data_source){0};
}

char *data_source_target(const struct data_source *source)
{
    const char *target = value_of(&source->settings, keys[KEY_INDEX_TargetDriver].name);
    if (target != NULL)
        return memory_copy(target);
    if (!source->is_odbcssl)
        return memory_copy(source->driver);
    char *value = NULL;
    if (source->driver_section != NULL)
        ini_read_value(INI_DRIVERS, source->driver_section, keys[KEY_INDEX_TargetDriver].name,
                       &value, NULL);
    char *copy = value != NULL && value[0] != '\0' ? memory_copy(value) : NULL;
    free(value);
    return copy;
}

const struct profile *data_source_profile(const struct data_source *source)
{
    char *target = data_source_target(source), *path = NULL;
    const struct option option = {.value = target, .keyword = "TargetDriver"};
    enum driver_family family = DRIVER_FAMILY_UNKNOWN;
    if (target != NULL && settings_find_driver(&option, &path, NULL))
        family = settings_driver_family(path);
    free(path);
    return profile_find(family);
}

char *data_source_server(const struct data_source *source)
{
    const struct profile *profile = data_source_profile(source);
    const char *host = profile_get(profile, &source->settings, profile->server_keyword);
    const char *port = profile_get(profile, &source->settings, profile->port_keyword);
    if (host == NULL) /* an entry of freetds.conf */
        host = value_of(&source->settings, "Servername");
    if (host == NULL || port == NULL || port[0] == '\0')
        return memory_copy(host);
    return memory_format("%s, port %s", host, port);
}
