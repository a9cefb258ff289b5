/*
 * test_interpose.h - the suites of test-interpose.
 */
#ifndef TESTS_TEST_INTERPOSE_H
#define TESTS_TEST_INTERPOSE_H

#include "interpose_rig.h"
#include "support/suite.h"

/* test_interpose_life.c: threads, signals, forks, the end of the process. */
extern const struct suite_case life_cases[];

#endif
