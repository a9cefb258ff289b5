/*
 * suite.h - runs CUnit tests and prints TAP, one line per test case.
 *
 *      static const struct suite_case cases[] = {
 *          {"reads an empty file", test_empty},
 *          {NULL, NULL},
 *      };
 *
 *      int main(int argc, char **argv)
 *      {
 *          const struct suite suites[] = {{"file", cases, NULL, NULL}, {0}};
 *          return suite_main(argc, argv, suites);
 *      }
 *
 * Arguments: names, or parts of names, of the cases to run; none runs all.
 */
#ifndef TESTS_SUITE_H
#define TESTS_SUITE_H

#include <CUnit/CUnit.h>

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

struct suite_case {
    const char *name;
    void (*run)(void);
};

struct suite {
    const char *name;
    const struct suite_case *cases; /* ended by a NULL name */
    int (*set_up)(void);            /* once per suite; not 0: every case fails. May be NULL */
    int (*tear_down)(void);
};

int suite_main(int argc, char **argv, const struct suite *suites);

/* Marks the running case as skipped, with the reason, and in set_up each case of the suite. Return
 * after it. */
void suite_skip(const char *reason);

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
