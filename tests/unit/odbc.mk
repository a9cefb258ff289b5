# Unit tests of driver/odbc without a driver manager, over a connection layer without a relay.
check_PROGRAMS += tests/unit/test-odbc
TESTS += tests/unit/test-odbc
tests_unit_test_odbc_SOURCES = tests/unit/test_odbc.c
tests_unit_test_odbc_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_odbc_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_odbc_LDADD = tests/support/libsuite.la tests/support/libfakeaccess.la \
	$(STUB_LIBS) $(ODBCINST_LIBS) $(CUNIT_LIBS)

# What the two drivers export.
check_PROGRAMS += tests/unit/test-exports
TESTS += tests/unit/test-exports
tests_unit_test_exports_SOURCES = tests/unit/test_exports.c
tests_unit_test_exports_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_exports_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_exports_LDADD = tests/support/libsuite.la driver/dispatch/libdispatch.la \
	driver/base/libbase.la $(CUNIT_LIBS)
