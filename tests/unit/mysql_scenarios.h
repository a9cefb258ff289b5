/*
 * mysql_scenarios.h - tables of MySQL logins.
 */
#ifndef TESTS_MYSQL_SCENARIOS_H
#define TESTS_MYSQL_SCENARIOS_H

#include "unit/mysql_packets.h"

struct scenario_table {
    const struct scenario *rows;
    size_t count;
};

extern const struct scenario_table mysql_logins;
extern const struct scenario_table mysql_refusals;
extern const struct scenario_table mysql_passwords; /* plaintext plan */

#endif
