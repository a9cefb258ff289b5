/* check_source.c - whether the driver manager finds the data source, and odbcssl behind it. */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "command/check.h"
#include "command/data_source.h"
#include "command/memory.h"
#include "command/nearest.h"
#include "command/odbc_section.h"
#include "config/defaults.h"

static void refuse_absent(struct findings *findings, const char *name)
{
    char user[ODBC_FILE_PATH_SIZE], system[ODBC_FILE_PATH_SIZE];
    findings_refuse(
        findings, "IM002", "data source",
        "Correct the name, or write the data source: \"odbcssl dsn NAME --target DRIVER "
        "--server HOST\" does.",
        "there is no data source \"%s\"; looked in %s (%s of this user) and %s: %s", name,
        odbc_file_path(ODBC_USER_SOURCES, user, sizeof user),
        defaults_environment("ODBCINI") != NULL ? "ODBCINI" : "the home folder",
        odbc_file_path(ODBC_SYSTEM_SOURCES, system, sizeof system),
        nearest_describe(name, INI_DATA_SOURCES, NULL));
}

static void refuse_unknown_driver(struct findings *findings, const struct data_source *source)
{
    char path[ODBC_FILE_PATH_SIZE];
    findings_refuse(findings, "IM002", "driver",
                    "Set Driver to a section of odbcinst.ini, or to the whole path of a library.",
                    "Driver=%s of odbc.ini [%s] is no section of %s: %s", source->driver,
                    source->section, odbc_file_path(ODBC_DRIVERS, path, sizeof path),
                    nearest_describe(source->driver, INI_DRIVERS, NULL));
}

/* The driver manager takes what is no section for a library, and the loader finds none. */
static void refuse_absent_library(struct findings *findings, const struct data_source *source)
{
    char path[ODBC_FILE_PATH_SIZE];
    findings_refuse(findings, "01000", "driver",
                    "Name a section of odbcssl in odbcinst.ini by DRIVER.",
                    "DRIVER=%s is neither a section of %s nor a library: %s", source->driver,
                    odbc_file_path(ODBC_DRIVERS, path, sizeof path),
                    nearest_describe(source->driver, INI_DRIVERS, NULL));
}

static void refuse_other_driver(struct findings *findings, const struct data_source *source)
{
    const char *advice =
        source->name != NULL
            ? memory_format("\"odbcssl adopt %s\" shows its odbcssl form, and writes it with "
                            "--write.",
                            source->name)
            : "Name a driver of odbcssl by DRIVER; \"odbcssl install --target DRIVER\" writes one.";
    findings_refuse(findings, NULL, "driver", advice,
                    "%s does not use odbcssl: its driver is %s itself, for which keywords of "
                    "odbcssl mean nothing or something else",
                    source->name != NULL ? "the data source" : "the connection string",
                    source->path != NULL ? source->path : source->library);
}

static bool can_be_opened(const char *library)
{
    void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    return handle != NULL && dlclose(handle) == 0;
}

/* As the driver manager opens it. A library without a folder that lies in odbcssl's own is a usual
 * mistake: the driver manager does not look there. */
static void open_library(struct check *check, const struct data_source *source)
{
    struct findings *findings = &check->findings;
    const char *name = source->path != NULL ? source->path : source->library;
    void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (library != NULL) {
        check->is_wide = dlsym(library, "SQLDriverConnectW") != NULL;
        findings_add_ok(findings, "library", "%s", name);
        return;
    }
    const char *reason = dlerror();
    char *installed = memory_format("%s/%s", ODBC_DIR, source->library);
    bool is_elsewhere = source->library[0] != '/' && access(installed, R_OK) == 0;
    findings_refuse(
        findings, "01000", "library",
        is_elsewhere ? memory_format("Write the whole path: Driver=%s.", installed)
                     : "Correct Driver; \"odbcssl install\" writes it with the whole path.",
        "the driver manager cannot open Driver=%s of %s%s%s: %s", source->library,
        source->driver_section != NULL ? "odbcinst.ini [" : "the data source",
        source->driver_section != NULL ? source->driver_section : "",
        source->driver_section != NULL ? "]" : "", reason != NULL ? reason : "no reason given");
}

static void add_found(struct findings *findings, const struct data_source *source)
{
    char path[ODBC_FILE_PATH_SIZE];
    enum odbc_file file;
    if (source->name == NULL)
        return;
    if (!text_equal_nocase(source->name, source->section))
        findings_add(findings, FACT_WARNING, "data source",
                     "Write the data source, or correct its name.",
                     "there is no data source \"%s\": the driver manager takes [%s] in its place",
                     source->name, source->section);
    else if (odbc_file_of_source(source->section, &file))
        findings_add_ok(findings, "data source", "[%s] of %s", source->section,
                        odbc_file_path(file, path, sizeof path));
}

/* The driver manager passes it over beside DRIVER, and behind DSN. */
static const char *file_that_counts(const struct connstr *given)
{
    const struct connstr_pair *file = connstr_find(given, "FILEDSN");
    const struct connstr_pair *name = connstr_find(given, "DSN");
    bool is_passed_over = connstr_has(given, "DRIVER") || (name != NULL && name < file);
    return file != NULL && file->value[0] != '\0' && !is_passed_over ? file->value : NULL;
}

/* The driver manager would read it; what it says is not known here. */
static void refuse_file(struct findings *findings, const char *file)
{
    findings_refuse(
        findings, NULL, "data source",
        "Give the settings that stand in the file to -k, DRIVER first; \"odbcssl status "
        "-k\" connects with the file itself.",
        "FILEDSN=%s: a data source that is a file of its own is not checked", file);
}

bool check_source(struct check *check, const struct connstr *given)
{
    struct findings *findings = &check->findings;
    const char *file = file_that_counts(given);
    findings->section = SECTION_SOURCE;
    if (file != NULL) {
        refuse_file(findings, file);
        return false;
    }
    struct data_source source = data_source_of(given);
    bool is_ours = source.is_odbcssl;
    findings->name = source.name;
    findings->server = data_source_server(&source);
    switch (source.state) {
    case DATA_SOURCE_ABSENT:
        refuse_absent(findings, source.name);
        break;
    case DATA_SOURCE_WITHOUT_DRIVER:
        findings_refuse(
            findings, "IM002", "driver",
            "Set Driver to odbcssl's section of odbcinst.ini; \"odbcssl install\" writes one.",
            "odbc.ini [%s] has no Driver, so the driver manager finds none", source.section);
        break;
    case DATA_SOURCE_DRIVER_UNKNOWN:
        refuse_unknown_driver(findings, &source);
        break;
    case DATA_SOURCE_FOUND:
        add_found(findings, &source);
        if (is_ours) {
            open_library(check, &source);
            check_lines(check, &source);
        } else if (source.driver_section == NULL && source.path == NULL &&
                   !can_be_opened(source.library)) {
            refuse_absent_library(findings, &source);
        } else {
            refuse_other_driver(findings, &source);
        }
        break;
    }
    data_source_free(&source);
    return is_ours;
}
