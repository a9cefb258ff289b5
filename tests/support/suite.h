/*
 * suite.h - runs CUnit tests and prints TAP, one line per test case.
 *
 *      CASE("reads an empty file")
 *      {
 *          CHECK_NUMBER(file_size(empty), 0);
 *      }
 *
 *      SUITE("file", set_up, tear_down)
 *
 * A suite has the cases above it, down from the suite before. Both add themselves before main runs,
 * in the order of the text, and file by file in the order in which they are linked. The library has
 * the main that most programs need. Its arguments: names, or parts of names, of the cases to run;
 * none runs all.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/CUnit.h>
#include <stddef.h>

/* Built with a sanitizer: slow, and other programs cannot load the driver. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SUITE_IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SUITE_IS_SANITIZED 1
#endif
#endif
#ifndef SUITE_IS_SANITIZED
#define SUITE_IS_SANITIZED 0
#endif

/* A case, or the suite behind its cases. */
struct suite_entry {
    const char *file;
    unsigned place; /* in the file */
    const char *name;
    void (*run)(void); /* NULL: a suite */
    int (*set_up)(void);
    int (*tear_down)(void);
    struct suite_entry *next;
};

#define SUITE_ADD(number, ...)                                                                     \
    __attribute__((constructor)) static void suite_add_##number(void)                              \
    {                                                                                              \
        static struct suite_entry entry = {__FILE__, number, __VA_ARGS__, NULL};                   \
        suite_add(&entry);                                                                         \
    }
#define SUITE_CASE(number, name)                                                                   \
    static void suite_case_##number(void);                                                         \
    SUITE_ADD(number, name, suite_case_##number, NULL, NULL)                                       \
    static void suite_case_##number(void)
#define SUITE_APPLY(macro, ...) macro(__VA_ARGS__)

/* Defines a case; its body follows. */
#define CASE(name) SUITE_APPLY(SUITE_CASE, __COUNTER__, name)

/* Both functions may be NULL, and run once: when set_up does not return 0, every case fails. */
#define SUITE(name, set_up, tear_down)                                                             \
    SUITE_APPLY(SUITE_ADD, __COUNTER__, name, NULL, set_up, tear_down)

void suite_add(struct suite_entry *entry);

/* For a program with a main of its own. */
int suite_main(int argc, char **argv);

/* Marks the running case as skipped, with the reason, and in set_up each case of the suite. Return
 * after it. */
void suite_skip(const char *reason);

/* printf into a text that lasts until the case ends; what set_up makes lasts as long as the
 * program. */
char *suite_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The path of a file of the build, and of the sources: lasts as long. */
char *suite_built(const char *name);
char *suite_source(const char *name);

/* Reads a file, size - 1 bytes of it at most, and puts a NUL behind them; how many it has: none
 * when it cannot be read. */
size_t suite_read(const char *path, void *out, size_t size);

/* How many files a folder has: of /proc/self/fd the open descriptors, of /proc/self/task the
 * threads of this process. */
unsigned suite_count_entries(const char *folder);

/* Checks that show what was found when they fail. */
void suite_check_text(const char *found, const char *wanted, const char *file, unsigned line);
void suite_check_contains(const char *found, const char *part, const char *file, unsigned line);
void suite_check_number(long long found, long long wanted, const char *file, unsigned line);

#define CHECK(condition) CU_ASSERT(condition)
#define CHECK_FATAL(condition) CU_ASSERT_FATAL(condition)
#define CHECK_TEXT(found, wanted) suite_check_text(found, wanted, __FILE__, __LINE__)
#define CHECK_CONTAINS(found, part) suite_check_contains(found, part, __FILE__, __LINE__)
#define CHECK_NUMBER(found, wanted)                                                                \
    suite_check_number((long long)(found), (long long)(wanted), __FILE__, __LINE__)

#endif
