/* test_config.h - the folder with files that suites of test-config share. */
#ifndef TEST_CONFIG_H
#define TEST_CONFIG_H

#include "support/suite.h"

/* Once for both suites that use them: they go with the process. */
int files_set_up(void);

/* text with every '@' replaced by the test's directory; valid until the next but seventh call. */
const char *files_expand(const char *text);

#endif
