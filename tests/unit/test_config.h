/* test_config.h - the suites of test-config, one per file. */
#ifndef TEST_CONFIG_H
#define TEST_CONFIG_H

#include "support/suite.h"

extern const struct suite_case connstr_cases[];
extern const struct suite_case keys_cases[];
extern const struct suite_case settings_cases[];
extern const struct suite_case refusal_cases[];

int files_set_up(void);
int files_tear_down(void);

/* text with every '@' replaced by the test's directory; valid until the next but seventh call. */
const char *files_expand(const char *text);

#endif
