/* suite.c - the cases of a test program: in order, one by one, each with its line of TAP. */
#include "support/suite.h"

#include <dirent.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct suite_entry *entries;
static const char *skip_reason; /* of the case that runs, or of the suite that is set up */

/* Each leads to the one made before it. */
static struct text {
    struct text *former;
    char *content;
} * texts;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void suite_skip(const char *reason)
{
    skip_reason = reason;
}

char *suite_text(const char *format, ...)
{
    va_list arguments;
    struct text *text = malloc(sizeof *text);
    va_start(arguments, format);
    if (text == NULL || vasprintf(&text->content, format, arguments) < 0)
        abort();
    va_end(arguments);
    pthread_mutex_lock(&lock);
    text->former = texts;
    texts = text;
    pthread_mutex_unlock(&lock);
    return text->content;
}

/* All that were made after this one. */
static void free_texts(const struct text *last)
{
    while (texts != last) {
        struct text *former = texts->former;
        free(texts->content);
        free(texts);
        texts = former;
    }
}

static char *path_below(const char *variable, const char *name)
{
    const char *folder = getenv(variable);
    return suite_text("%s/%s", folder != NULL ? folder : ".", name);
}

char *suite_built(const char *name)
{
    return path_below("top_builddir", name);
}

char *suite_source(const char *name)
{
    return path_below("top_srcdir", name);
}

size_t suite_read(const char *path, void *out, size_t size)
{
    FILE *file = fopen(path, "re");
    size_t got = file != NULL ? fread(out, 1, size - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    ((char *)out)[got] = '\0';
    return got;
}

unsigned suite_count_entries(const char *folder)
{
    unsigned count = 0;
    DIR *opened = opendir(folder);
    for (const struct dirent *entry; opened != NULL && (entry = readdir(opened)) != NULL;)
        count += entry->d_name[0] != '.';
    if (opened != NULL)
        closedir(opened);
    return count;
}

void suite_check_text(const char *found, const char *wanted, const char *file, unsigned line)
{
    char text[4096];
    bool is_equal = found != NULL && wanted != NULL && strcmp(found, wanted) == 0;
    snprintf(text, sizeof text, "found '%s', wanted '%s'", found != NULL ? found : "(null)",
             wanted != NULL ? wanted : "(null)");
    CU_assertImplementation(is_equal || (found == NULL && wanted == NULL), line, text, file, "",
                            CU_FALSE);
}

void suite_check_contains(const char *found, const char *part, const char *file, unsigned line)
{
    char text[4096];
    snprintf(text, sizeof text, "found '%s', which does not contain '%s'",
             found != NULL ? found : "(null)", part);
    CU_assertImplementation(found != NULL && strstr(found, part) != NULL, line, text, file, "",
                            CU_FALSE);
}

void suite_check_number(long long found, long long wanted, const char *file, unsigned line)
{
    char text[128];
    snprintf(text, sizeof text, "found %lld, wanted %lld", found, wanted);
    CU_assertImplementation(found == wanted, line, text, file, "", CU_FALSE);
}

static bool is_selected(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]) != NULL)
            return true;
    return argc <= 1;
}

/* TAP: one line, no line break and no '#' from a name. */
static void print_result(bool is_passed, unsigned number, const char *suite, const char *name)
{
    printf("%s %u - %s: %s", is_passed ? "ok" : "not ok", number, suite, name);
    if (skip_reason != NULL)
        printf(" # SKIP %s", skip_reason);
    printf("\n");
    for (CU_pFailureRecord failure = CU_get_failure_list(); failure != NULL;
         failure = failure->pNext)
        printf("# %s:%u: %s\n", failure->strFileName, failure->uiLineNumber, failure->strCondition);
    fflush(stdout);
}

static bool run_case(const struct suite_entry *suite, const struct suite_entry *test,
                     unsigned number)
{
    CU_pSuite registered = CU_get_suite(suite->name);
    const struct text *kept = texts;
    skip_reason = NULL;
    CU_ErrorCode outcome = CU_run_test(registered, CU_get_test(registered, test->name));
    bool is_passed = outcome == CUE_SUCCESS && CU_get_number_of_failures() == 0 &&
                     CU_get_number_of_tests_run() == 1;
    print_result(is_passed, number, suite->name, test->name);
    free_texts(kept);
    return is_passed;
}

/* set_up and tear_down run once per suite: CU_run_test would call a CUnit suite's own per test. */
static unsigned run_suite(const struct suite_entry *first, const struct suite_entry *suite,
                          int argc, char **argv, unsigned *number)
{
    unsigned failed = 0;
    unsigned selected = 0;
    for (const struct suite_entry *test = first; test != suite; test = test->next)
        selected += is_selected(test->name, argc, argv);
    if (selected == 0)
        return 0;
    skip_reason = NULL;
    bool is_set_up = suite->set_up == NULL || suite->set_up() == 0;
    bool is_skipped = skip_reason != NULL;
    for (const struct suite_entry *test = first; test != suite; test = test->next) {
        if (!is_selected(test->name, argc, argv))
            continue;
        ++*number;
        if (!is_set_up) {
            printf("not ok %u - %s: %s\n# the suite's set-up failed\n", *number, suite->name,
                   test->name);
            failed++;
        } else if (is_skipped) {
            print_result(true, *number, suite->name, test->name);
        } else if (!run_case(suite, test, *number)) {
            failed++;
        }
    }
    if (suite->tear_down != NULL)
        suite->tear_down();
    return failed;
}

/* A compiler may call the constructors of a file in any order. */
void suite_add(struct suite_entry *entry)
{
    struct suite_entry **place = &entries;
    while (*place != NULL &&
           (strcmp((*place)->file, entry->file) != 0 || (*place)->place < entry->place))
        place = &(*place)->next;
    entry->next = *place;
    *place = entry;
}

static const struct suite_entry *find_suite(const struct suite_entry *entry)
{
    while (entry != NULL && entry->run != NULL)
        entry = entry->next;
    return entry;
}

int suite_main(int argc, char **argv)
{
    unsigned number = 0, failed = 0;
    const struct suite_entry *first = entries, *suite;
    if (CU_initialize_registry() != CUE_SUCCESS)
        return EXIT_FAILURE;
    CU_set_error_action(CUEA_IGNORE);
    for (; (suite = find_suite(first)) != NULL; first = suite->next) {
        CU_pSuite registered = CU_add_suite(suite->name, NULL, NULL);
        for (const struct suite_entry *test = first; test != suite; test = test->next)
            CU_add_test(registered, test->name, test->run);
        failed += run_suite(first, suite, argc, argv, &number);
    }
    if (first != NULL)
        printf("not ok %u - %s: belongs to no suite\n", ++number, first->name);
    printf("1..%u\n", number);
    CU_cleanup_registry();
    return failed == 0 && first == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
}
