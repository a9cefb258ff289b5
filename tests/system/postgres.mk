# The whole driver against a real PostgreSQL, through the real driver manager.
POSTGRES_SYSTEM_TESTS = tests/system/test-settings \
	tests/system/test-bypass \
	tests/system/test-login \
	tests/system/test-cancel \
	tests/system/test-transfer \
	tests/system/test-report \
	tests/system/test-process \
	tests/system/test-host \
	tests/system/test-neighbours \
	tests/system/test-fork \
	tests/system/test-guest \
	tests/system/test-tls-neighbours \
	tests/system/test-confined \
	tests/system/test-strangers \
	tests/system/test-secrets
check_PROGRAMS += $(POSTGRES_SYSTEM_TESTS)
TESTS += $(POSTGRES_SYSTEM_TESTS)

tests_system_test_settings_SOURCES = tests/system/test_settings.c $(SYSTEM_FIXTURE)
tests_system_test_settings_LDADD = $(SYSTEM_LIBS)
tests_system_test_bypass_SOURCES = tests/system/test_bypass.c $(SYSTEM_FIXTURE)
tests_system_test_bypass_LDADD = $(SYSTEM_LIBS)
tests_system_test_login_SOURCES = tests/system/test_login.c $(SYSTEM_FIXTURE)
tests_system_test_login_LDADD = $(SYSTEM_LIBS)
tests_system_test_cancel_SOURCES = tests/system/test_cancel.c $(SYSTEM_FIXTURE) \
	tests/system/wire_tap.c tests/system/wire_tap.h
tests_system_test_cancel_LDADD = $(SYSTEM_LIBS)
tests_system_test_transfer_SOURCES = tests/system/test_transfer.c $(SYSTEM_FIXTURE) \
	tests/system/wire_tap.c tests/system/wire_tap.h
tests_system_test_transfer_LDADD = $(SYSTEM_LIBS) tests/support/libmariadbtest.la $(GNUTLS_LIBS)
tests_system_test_report_SOURCES = tests/system/test_report.c $(SYSTEM_FIXTURE)
tests_system_test_report_LDADD = $(SYSTEM_LIBS) $(GNUTLS_LIBS)
tests_system_test_host_SOURCES = tests/system/test_host.c $(SYSTEM_FIXTURE)
tests_system_test_host_LDADD = $(SYSTEM_LIBS)
tests_system_test_process_SOURCES = tests/system/test_process.c $(SYSTEM_FIXTURE)
tests_system_test_process_LDADD = $(SYSTEM_LIBS)

tests_system_test_neighbours_SOURCES = tests/system/test_neighbours.c $(SYSTEM_FIXTURE)
tests_system_test_neighbours_LDADD = $(SYSTEM_LIBS)
EXTRA_DIST += tests/system/neighbour.php tests/system/neighbour.py

# As a guest in other people's processes.
GUEST_SOURCES = tests/system/guest.c tests/system/guest.h $(SYSTEM_FIXTURE)
tests_system_test_fork_SOURCES = tests/system/test_fork.c $(GUEST_SOURCES)
tests_system_test_fork_LDADD = $(SYSTEM_LIBS)
tests_system_test_guest_SOURCES = tests/system/test_guest.c $(GUEST_SOURCES)
tests_system_test_guest_LDADD = $(SYSTEM_LIBS)
tests_system_test_tls_neighbours_SOURCES = tests/system/test_tls_neighbours.c $(GUEST_SOURCES)
tests_system_test_tls_neighbours_LDADD = $(SYSTEM_LIBS) $(GNUTLS_LIBS)
tests_system_test_confined_SOURCES = tests/system/test_confined.c $(GUEST_SOURCES)
tests_system_test_confined_LDADD = $(SYSTEM_LIBS)
tests_system_test_strangers_SOURCES = tests/system/test_strangers.c $(GUEST_SOURCES)
tests_system_test_strangers_LDADD = $(SYSTEM_LIBS)
tests_system_test_secrets_SOURCES = tests/system/test_secrets.c $(GUEST_SOURCES)
tests_system_test_secrets_LDADD = $(SYSTEM_LIBS) $(GNUTLS_LIBS)

# Under valgrind, by tests/system/leak-check (tools/check).
check_PROGRAMS += tests/system/leak-program
tests_system_leak_program_SOURCES = tests/system/leak_program.c $(SYSTEM_FIXTURE)
tests_system_leak_program_LDADD = $(SYSTEM_LIBS)
dist_check_SCRIPTS += tests/system/leak-check
EXTRA_DIST += tests/system/valgrind.supp
