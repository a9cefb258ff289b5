# The command against real servers, and on a driver manager's files.
check_LTLIBRARIES += tests/support/libcommandtest.la
tests_support_libcommandtest_la_SOURCES = tests/support/command.c tests/support/command.h

COMMAND_TESTS = tests/system/test-commands tests/system/test-commands-check tests/system/test-commands-make
check_PROGRAMS += $(COMMAND_TESTS)
TESTS += $(COMMAND_TESTS)
COMMAND_LIBS = tests/support/libcommandtest.la
tests_system_test_commands_SOURCES = tests/system/test_commands.c $(SYSTEM_FIXTURE)
tests_system_test_commands_LDADD = $(COMMAND_LIBS) tests/support/libmariadbtest.la $(TDS_LIBS)
tests_system_test_commands_check_SOURCES = tests/system/test_commands_check.c $(SYSTEM_FIXTURE)
tests_system_test_commands_check_LDADD = $(COMMAND_LIBS) $(SYSTEM_LIBS) $(GNUTLS_LIBS)
tests_system_test_commands_make_SOURCES = tests/system/test_commands_make.c $(SYSTEM_FIXTURE)
tests_system_test_commands_make_LDADD = $(COMMAND_LIBS) $(SYSTEM_LIBS) $(GNUTLS_LIBS)
