# The whole driver against a real PostgreSQL, through the real driver manager.
POSTGRES_SYSTEM_TESTS = tests/system/test-settings
check_PROGRAMS += $(POSTGRES_SYSTEM_TESTS)
TESTS += $(POSTGRES_SYSTEM_TESTS)

tests_system_test_settings_SOURCES = tests/system/test_settings.c $(SYSTEM_FIXTURE)
tests_system_test_settings_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_settings_CFLAGS = $(TEST_CFLAGS) $(ODBC_CFLAGS)
tests_system_test_settings_LDADD = $(SYSTEM_LIBS)
