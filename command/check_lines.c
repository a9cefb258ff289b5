/*
 * check_lines.c - lines of odbc.ini and odbcinst.ini that are read otherwise than they look: given
 * twice, quoted, with a comment behind, in a section where nobody reads them; and passwords that
 * others can read.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "command/check.h"
#include "command/memory.h"
#include "command/odbc_section.h"
#include "config/keys.h"

/* The section that is gone through. */
struct place {
    struct findings *findings;
    char path[ODBC_FILE_PATH_SIZE];
    const struct profile *profile; /* of the real driver */
    bool is_driver;
    struct connstr seen; /* keywords of the lines before */
};

/* "/etc/odbc.ini line 12" */
static void warn(const struct place *place, const struct odbc_line *line, const char *advice,
                 const char *problem)
{
    findings_add(place->findings, FACT_WARNING, line->keyword, advice, "%s line %u: %s",
                 place->path, line->number, problem);
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

static void check_keyword(const struct place *place, const struct odbc_line *line)
{
    /* Without a name: the real driver does not know the keyword, or not all of its are known. */
    const struct profile_keyword *row = place->profile->keywords;
    while (row->name != NULL && !text_equal_nocase(row->name, line->keyword))
        row++;
    bool is_ours = key_is_ours(line->keyword) || key_is_of_manager(line->keyword);
    bool is_for_driver = key_is_of_manager_driver(line->keyword);
    bool is_known = row->name != NULL;
    if (place->is_driver && !is_ours && !is_for_driver &&
        !(is_known && row->use == KEYWORD_DRIVER_WIDE))
        warn(place, line, "Put it into the data source.",
             "nobody reads this keyword in a section of odbcssl in odbcinst.ini");
    if (place->is_driver)
        return;
    if (is_for_driver)
        warn(place, line, "Put it into the driver's section of odbcinst.ini.",
             "the driver manager reads this keyword in odbcinst.ini only");
    else if (is_known && row->use == KEYWORD_STRING_ONLY)
        warn(place, line, "Write the keyword's long name.",
             "the real driver reads this keyword in connection strings only");
    else if (!is_known && !is_ours && !place->profile->is_open)
        warn(place, line, "Correct the keyword's spelling, or take the line away.",
             "neither odbcssl nor the real driver knows this keyword");
}

static void check_line(const struct odbc_line *line, void *context)
{
    struct place *place = context;
    bool is_secret = odbc_has_secret(line->keyword, line->value);
    if (connstr_find(&place->seen, line->keyword) != NULL)
        warn(place, line, "Take one of the two lines away.",
             "the keyword stands in this section twice; the first line counts");
    memory_check(connstr_append(&place->seen, line->keyword, ""));
    if (!is_secret)
        check_value(place, line);
    check_keyword(place, line);
    if (is_secret && line->value[0] != '\0' && (line->mode & S_IROTH) != 0)
        warn(place, line,
             "Take others' right to read away (chmod o-r), or keep the password elsewhere.",
             memory_format("a password stands here, and everybody on this machine can read the "
                           "file (mode 0%03o)",
                           (unsigned)(line->mode & 0777)));
}

static void check_section(struct check *check, const struct data_source *source,
                          enum odbc_file file, const char *section)
{
    struct place place = {.findings = &check->findings,
                          .profile = data_source_profile(source),
                          .is_driver = file == ODBC_DRIVERS};
    odbc_file_path(file, place.path, sizeof place.path);
    odbc_file_visit(file, section, check_line, &place);
    connstr_free(&place.seen);
}

void check_lines(struct check *check, const struct data_source *source)
{
    enum odbc_file file;
    if (source->section != NULL && odbc_file_of_source(source->section, &file))
        check_section(check, source, file, source->section);
    if (source->driver_section != NULL)
        check_section(check, source, ODBC_DRIVERS, source->driver_section);
}
