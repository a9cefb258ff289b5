#include "test_config.h"

int main(int argc, char **argv)
{
    const struct suite suites[] = {
        {"connection string", connstr_cases, NULL, NULL},
        {"keywords", keys_cases, NULL, NULL},
        {"settings", settings_cases, files_set_up, NULL},
        {"refusals", refusal_cases, files_set_up, files_tear_down},
        {NULL, NULL, NULL, NULL},
    };
    int outcome = suite_main(argc, argv, suites);
    files_tear_down();
    return outcome;
}
