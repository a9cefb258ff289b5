# Unit tests of driver/odbc without a driver manager, over a connection layer without a relay.
ODBC_UNIT_LDADD = tests/support/libodbcfixture.la tests/support/libfakeaccess.la \
	tests/support/libsuite.la $(STUB_LIBS) $(ODBCINST_LIBS) $(CUNIT_LIBS)

ODBC_UNIT_TESTS = tests/unit/test-odbc tests/unit/test-odbc-status tests/unit/test-odbc-threads
check_PROGRAMS += $(ODBC_UNIT_TESTS)
TESTS += $(ODBC_UNIT_TESTS)
tests_unit_test_odbc_SOURCES = tests/unit/test_odbc.c
tests_unit_test_odbc_LDADD = $(ODBC_UNIT_LDADD)
tests_unit_test_odbc_status_SOURCES = tests/unit/test_odbc_status.c
tests_unit_test_odbc_status_LDADD = $(ODBC_UNIT_LDADD)
tests_unit_test_odbc_threads_SOURCES = tests/unit/test_odbc_threads.c
tests_unit_test_odbc_threads_LDADD = $(ODBC_UNIT_LDADD)

# What the two drivers export.
check_PROGRAMS += tests/unit/test-exports
TESTS += tests/unit/test-exports
tests_unit_test_exports_SOURCES = tests/unit/test_exports.c
tests_unit_test_exports_LDADD = tests/support/libsuite.la driver/dispatch/libdispatch.la \
	driver/base/libbase.la $(CUNIT_LIBS)

# What is built without sanitizers is hardened.
if !SANITIZERS
TESTS += tests/unit/test-hardening
endif
dist_check_SCRIPTS += tests/unit/test-hardening
