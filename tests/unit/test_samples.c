/*
 * test_samples.c - odbc.ini.sample and odbcinst.ini.sample: what users copy has to be right. Its
 * own program, because libodbcinst reads the places of its files once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/ini.h"
#include "config/settings.h"
#include "support/suite.h"

static char directory[200];

static int link_sample(const char *sample, const char *name)
{
    const char *from = suite_source(sample);
    return access(from, R_OK) == 0 ? symlink(from, suite_text("%s/%s", directory, name)) : -1;
}

static int set_up(void)
{
    const char *parent = getenv("TMPDIR");
    snprintf(directory, sizeof directory, "%s/odbcssl-samples-XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL)
        return -1;
    setenv("HOME", directory, 1);
    setenv("ODBCSYSINI", directory, 1);
    unsetenv("ODBCINSTINI");
    setenv("ODBCINI", suite_text("%s/user.ini", directory), 1);
    return link_sample("odbc.ini.sample", "odbc.ini") |
           link_sample("odbcinst.ini.sample", "odbcinst.ini");
}

static int tear_down(void)
{
    static const char *const names[] = {"odbc.ini", "odbcinst.ini", "user.ini"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(suite_text("%s/%s", directory, names[i]));
    }
    return rmdir(directory);
}

/* Every section's keywords are accepted; returns the number of sections. */
static size_t check_file(enum ini_file file)
{
    struct connstr sections, pairs;
    struct error error = {0};
    CHECK_FATAL(ini_list_sections(file, &sections, &error));
    for (size_t i = 0; i < sections.count; i++) {
        const char *name = sections.pairs[i].keyword;
        CHECK_FATAL(ini_read_section(file, name, &pairs, &error));
        CHECK(pairs.count > 0);
        CHECK(settings_check(&pairs, name, &error));
        CHECK_TEXT(error.text, "");
        connstr_free(&pairs);
    }
    size_t count = sections.count;
    connstr_free(&sections);
    return count;
}

CASE("every keyword of the samples is accepted")
{
    CHECK(check_file(INI_DATA_SOURCES) >= 4);
    CHECK(check_file(INI_DRIVERS) >= 8);
}

static bool has_section(const char *name)
{
    struct connstr pairs;
    struct error error = {0};
    bool is_there = ini_read_section(INI_DRIVERS, name, &pairs, &error) && pairs.count > 0;
    connstr_free(&pairs);
    return is_there;
}

/* Follows the keyword from each section of a file to a section of odbcinst.ini. */
static size_t check_references(enum ini_file file, const char *keyword)
{
    struct connstr sections;
    struct error error = {0};
    size_t found = 0;
    CHECK_FATAL(ini_list_sections(file, &sections, &error));
    for (size_t i = 0; i < sections.count; i++) {
        char *value;
        CHECK_FATAL(ini_read_value(file, sections.pairs[i].keyword, keyword, &value, &error));
        if (value != NULL) {
            CHECK(has_section(value));
            found++;
        }
        free(value);
    }
    connstr_free(&sections);
    return found;
}

CASE("every driver that the samples name is there")
{
    CHECK(check_references(INI_DATA_SOURCES, "Driver") >= 4);
    CHECK(check_references(INI_DRIVERS, "TargetDriver") >= 4);
}

SUITE("samples", set_up, tear_down)
