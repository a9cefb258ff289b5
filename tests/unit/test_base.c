#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/report.h"
#include "base/text.h"
#include "support/suite.h"

static void
test_first_error_wins(void)
{
    struct error error = {0};
    error_set(&error, ODBCSSL_ERROR_REVOKED, "revoked %d", 1);
    error_set(&error, ODBCSSL_ERROR_HANDSHAKE, "handshake");
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_REVOKED);
    CHECK_TEXT(error.text, "revoked 1");
    CHECK_TEXT(error_sqlstate(error.code), "08001");
}

static const struct suite_case error_cases[] = {
    {"the first error wins", test_first_error_wins},
    {NULL, NULL},
};

int
main(int argc, char **argv)
{
    const struct suite suites[] = {{"error", error_cases, NULL, NULL}, {0}};
    return suite_main(argc, argv, suites);
}
