# Tests through the real driver manager.
SYSTEM_LDADD = tests/support/libsuite.la tests/support/libfakeaccess.la \
	tests/support/libprivateodbc.la driver/base/libbase.la $(ODBC_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/system/test-interface tests/system/test-pooling
TESTS += tests/system/test-interface tests/system/test-pooling
tests_system_test_interface_SOURCES = tests/system/test_interface.c
tests_system_test_interface_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_interface_CFLAGS = $(TEST_CFLAGS)
tests_system_test_interface_LDADD = $(SYSTEM_LDADD)
tests_system_test_pooling_SOURCES = tests/system/test_pooling.c
tests_system_test_pooling_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_pooling_CFLAGS = $(TEST_CFLAGS)
tests_system_test_pooling_LDADD = $(SYSTEM_LDADD)
