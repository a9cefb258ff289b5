# The command against real servers, and on a driver manager's files.
check_PROGRAMS += tests/system/test-commands
TESTS += tests/system/test-commands
tests_system_test_commands_SOURCES = tests/system/test_commands.c $(SYSTEM_FIXTURE)
tests_system_test_commands_LDADD = tests/support/libmariadbtest.la $(TDS_LIBS)
