/*
 * check_lines.c - lines of odbc.ini and odbcinst.ini that are read otherwise than they look: given
 * twice, quoted, with a comment behind, in a section where nobody reads them; and passwords that
 * others can read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "command/check.h"
#include "command/odbc_files.h"
#include "config/keys.h"

struct place {
    struct findings *findings;
    const struct odbc_lines *lines;
    char path[ODBC_FILE_PATH_SIZE];
    const struct profile *profile; /* of the real driver */
    bool is_driver;
};

/* "/etc/odbc.ini line 12" */
static void warn(const struct place *place, const struct odbc_line *line, const char *advice,
                 const char *problem)
{
    findings_add(place->findings, FACT_WARNING, line->keyword, advice, "%s line %u: %s",
                 place->path, line->number, problem);
}

static bool is_given_before(const struct place *place, const struct odbc_line *line)
{
    for (const struct odbc_line *other = place->lines->items; other < line; other++)
        if (text_equal_nocase(other->section, line->section) &&
            text_equal_nocase(other->keyword, line->keyword))
            return true;
    return false;
}

static bool is_quoted(const char *value)
{
    size_t length = strlen(value);
    return length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value;
}

/* A mark behind a blank: "warehouse  ; the new one". */
static bool has_comment(const char *value)
{
    for (const char *mark = strpbrk(value, ";#"); mark != NULL; mark = strpbrk(mark + 1, ";#"))
        if (mark > value && text_is_blank(mark[-1]))
            return true;
    return false;
}

/* U+00A0, as text that was copied from a page has it. */
static bool has_odd_blank(const char *value)
{
    static const char blank[] = "\xc2\xa0";
    size_t length = strlen(value);
    return strncmp(value, blank, 2) == 0 || (length >= 2 && strcmp(value + length - 2, blank) == 0);
}

static void check_value(const struct place *place, const struct odbc_line *line)
{
    if (is_given_before(place, line))
        warn(place, line, "Take one of the two lines away.",
             "the keyword stands in this section twice; the first line counts");
    if (odbc_is_secret(line->keyword))
        return;
    if (is_quoted(line->value))
        warn(place, line, "Take the quotes away.",
             "the quotes are part of the value; these files need none");
    if (has_comment(line->value))
        warn(place, line, "Write comments on lines of their own.",
             "what looks like a comment is part of the value");
    if (has_odd_blank(line->value))
        warn(place, line, "Delete the blank and write the value anew.",
             "the value begins or ends with a no-break space, which is part of it");
}

/* NULL: the real driver does not know the keyword, or its keywords are not all known. */
static const struct profile_keyword *find_keyword(const struct place *place, const char *name)
{
    for (const struct profile_keyword *row = place->profile->keywords; row->name != NULL; row++)
        if (text_equal_nocase(row->name, name))
            return row;
    return NULL;
}

static void check_driver_keyword(const struct place *place, const struct odbc_line *line)
{
    const struct profile_keyword *row = find_keyword(place, line->keyword);
    bool is_read = key_is_ours(line->keyword) || key_is_of_manager_driver(line->keyword) ||
                   key_is_of_manager(line->keyword) ||
                   (row != NULL && row->use == KEYWORD_DRIVER_WIDE);
    if (!is_read)
        warn(place, line, "Put it into the data source.",
             "nobody reads this keyword in a section of odbcssl in odbcinst.ini");
}

static void check_source_keyword(const struct place *place, const struct odbc_line *line)
{
    const struct profile_keyword *row = find_keyword(place, line->keyword);
    if (key_is_of_manager_driver(line->keyword))
        warn(place, line, "Put it into the driver's section of odbcinst.ini.",
             "the driver manager reads this keyword in odbcinst.ini only");
    else if (row != NULL && row->use == KEYWORD_STRING_ONLY)
        warn(place, line, "Write the keyword's long name.",
             "the real driver reads this keyword in connection strings only");
    else if (row == NULL && !place->profile->is_open && !key_is_ours(line->keyword) &&
             !key_is_of_manager(line->keyword))
        warn(place, line, "Correct the keyword's spelling, or take the line away.",
             "neither odbcssl nor the real driver knows this keyword");
}

static void check_password(const struct place *place, const struct odbc_line *line)
{
    char problem[200];
    if (!odbc_is_secret(line->keyword) || line->value[0] == '\0' ||
        (place->lines->mode & S_IROTH) == 0)
        return;
    snprintf(problem, sizeof problem,
             "a password stands here, and everybody on this machine can read the file (mode 0%03o)",
             (unsigned)(place->lines->mode & 0777));
    warn(place, line,
         "Take others' right to read away (chmod o-r), or keep the password elsewhere.", problem);
}

static void check_file(struct findings *findings, enum odbc_file file, const char *section,
                       const struct profile *profile)
{
    struct odbc_lines lines;
    struct place place = {findings, &lines, "", profile, file == ODBC_DRIVERS};
    odbc_file_path(file, place.path, sizeof place.path);
    odbc_lines_read(file, &lines);
    for (size_t i = 0; i < lines.count; i++) {
        const struct odbc_line *line = &lines.items[i];
        if (!text_equal_nocase(line->section, section))
            continue;
        check_value(&place, line);
        if (place.is_driver)
            check_driver_keyword(&place, line);
        else
            check_source_keyword(&place, line);
        check_password(&place, line);
    }
    odbc_lines_free(&lines);
}

void check_lines(struct check *check, const struct data_source *source)
{
    const struct profile *profile = data_source_profile(source);
    enum odbc_file file;
    if (source->section != NULL && odbc_file_of_source(source->section, &file))
        check_file(&check->findings, file, source->section, profile);
    if (source->driver_section != NULL)
        check_file(&check->findings, ODBC_DRIVERS, source->driver_section, profile);
}
