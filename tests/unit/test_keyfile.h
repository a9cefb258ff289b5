/* test_keyfile.h - the cases of client certificates and keys, run by test_credentials.c. */
#ifndef TESTS_TEST_KEYFILE_H
#define TESTS_TEST_KEYFILE_H

#include "support/suite.h"

extern const struct suite_case keyfile_cases[];
int keyfile_set_up(void);
int keyfile_tear_down(void);

#endif
