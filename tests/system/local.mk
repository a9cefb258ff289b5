# System tests: real servers, real drivers, the real driver manager.
check_LTLIBRARIES += tests/system/libsystem.la
tests_system_libsystem_la_SOURCES = \
	tests/system/fixture.c tests/system/fixture.h \
	tests/system/guest.c tests/system/guest.h \
	tests/system/tds_fixture.c tests/system/tds_fixture.h \
	tests/system/trust.c tests/system/trust.h \
	tests/system/wire_tap.c tests/system/wire_tap.h \
	tests/support/command.c tests/support/command.h \
	tests/support/hostile_server.c tests/support/hostile_server.h \
	tests/support/tds_peer.c tests/support/tds_peer.h \
	tests/support/tls_terminator.c tests/support/tls_terminator.h
SYSTEM_LIBS = tests/system/libsystem.la tests/support/libmariadbtest.la tests/support/libpeer.la \
	tests/support/libsuite.la tests/support/libodbctest.la tests/support/libpki.la \
	tests/support/libpostgrestest.la $(BASE_LIBS) $(GNUTLS_LIBS) $(ODBC_LIBS) $(CUNIT_LIBS)
# What programs link that have no list of their own.
LDADD = $(SYSTEM_LIBS)

# With real drivers: once as they are carried by default, in their own calls, and once by the relay.
RELAYED_TESTS = tests/system/test-bypass tests/system/test-cancel tests/system/test-commands \
	tests/system/test-commands-check tests/system/test-commands-make tests/system/test-confined \
	tests/system/test-differential tests/system/test-expiry tests/system/test-fork tests/system/test-guest \
	tests/system/test-host tests/system/test-hostile tests/system/test-keys tests/system/test-login \
	tests/system/test-mariadb tests/system/test-matrix tests/system/test-mutual tests/system/test-neighbours \
	tests/system/test-pin tests/system/test-process tests/system/test-report tests/system/test-revocation \
	tests/system/test-secrets tests/system/test-server-name tests/system/test-settings tests/system/test-stores \
	tests/system/test-strangers tests/system/test-tds-hostile tests/system/test-tds-modes tests/system/test-tds-profile \
	tests/system/test-tds-sessions tests/system/test-tds-trust tests/system/test-tls-neighbours \
	tests/system/test-transfer tests/system/test-unknown-driver tests/system/test-versions
SYSTEM_TESTS = $(RELAYED_TESTS) tests/system/test-applications tests/system/test-driver-bytes \
	tests/system/test-records
check_PROGRAMS += $(SYSTEM_TESTS)
TESTS += $(SYSTEM_TESTS)
tests_system_test_applications_SOURCES = tests/system/test_applications.c
tests_system_test_bypass_SOURCES = tests/system/test_bypass.c
tests_system_test_cancel_SOURCES = tests/system/test_cancel.c
tests_system_test_commands_SOURCES = tests/system/test_commands.c
tests_system_test_commands_check_SOURCES = tests/system/test_commands_check.c
tests_system_test_commands_make_SOURCES = tests/system/test_commands_make.c
tests_system_test_confined_SOURCES = tests/system/test_confined.c
tests_system_test_driver_bytes_SOURCES = tests/system/test_driver_bytes.c
tests_system_test_expiry_SOURCES = tests/system/test_expiry.c
tests_system_test_fork_SOURCES = tests/system/test_fork.c
tests_system_test_guest_SOURCES = tests/system/test_guest.c
tests_system_test_host_SOURCES = tests/system/test_host.c
tests_system_test_hostile_SOURCES = tests/system/test_hostile.c
tests_system_test_keys_SOURCES = tests/system/test_keys.c
tests_system_test_login_SOURCES = tests/system/test_login.c
tests_system_test_mariadb_SOURCES = tests/system/test_mariadb.c
tests_system_test_matrix_SOURCES = tests/system/test_matrix.c
tests_system_test_mutual_SOURCES = tests/system/test_mutual.c
tests_system_test_neighbours_SOURCES = tests/system/test_neighbours.c
tests_system_test_pin_SOURCES = tests/system/test_pin.c
tests_system_test_process_SOURCES = tests/system/test_process.c
tests_system_test_records_SOURCES = tests/system/test_records.c
tests_system_test_report_SOURCES = tests/system/test_report.c
tests_system_test_revocation_SOURCES = tests/system/test_revocation.c
tests_system_test_secrets_SOURCES = tests/system/test_secrets.c
tests_system_test_server_name_SOURCES = tests/system/test_server_name.c
tests_system_test_settings_SOURCES = tests/system/test_settings.c
tests_system_test_stores_SOURCES = tests/system/test_stores.c
tests_system_test_strangers_SOURCES = tests/system/test_strangers.c
tests_system_test_tds_hostile_SOURCES = tests/system/test_tds_hostile.c
tests_system_test_tds_modes_SOURCES = tests/system/test_tds_modes.c
tests_system_test_tds_profile_SOURCES = tests/system/test_tds_profile.c
tests_system_test_tds_sessions_SOURCES = tests/system/test_tds_sessions.c
tests_system_test_tds_trust_SOURCES = tests/system/test_tds_trust.c
tests_system_test_tls_neighbours_SOURCES = tests/system/test_tls_neighbours.c
tests_system_test_transfer_SOURCES = tests/system/test_transfer.c
tests_system_test_unknown_driver_SOURCES = tests/system/test_unknown_driver.c
tests_system_test_versions_SOURCES = tests/system/test_versions.c
EXTRA_DIST += tests/system/neighbour.php tests/system/neighbour.py
EXTRA_DIST += tests/applications/canonical.php tests/applications/canonical.py \
	tests/applications/isql.sh tests/applications/libreoffice.py tests/applications/odbc.php \
	tests/applications/pdo.php tests/applications/perl.pl tests/applications/python.py \
	tests/applications/qt.py tests/applications/rodbc.R tests/applications/statements

# Under valgrind, by tests/system/leak-check (tools/check).
check_PROGRAMS += tests/system/leak-program
tests_system_leak_program_SOURCES = tests/system/leak_program.c
dist_check_SCRIPTS += tests/system/leak-check
EXTRA_DIST += tests/system/valgrind.supp

# Through the real driver manager to fake drivers.
FAKED_LIBS = tests/support/libsuite.la tests/support/libfakeaccess.la \
	tests/support/libprivateodbc.la driver/base/libbase.la $(ODBC_LIBS) $(CUNIT_LIBS)
check_PROGRAMS += tests/system/test-interface tests/system/test-pooling
TESTS += tests/system/test-interface tests/system/test-pooling
tests_system_test_interface_SOURCES = tests/system/test_interface.c
tests_system_test_interface_LDADD = $(FAKED_LIBS)
tests_system_test_pooling_SOURCES = tests/system/test_pooling.c
tests_system_test_pooling_LDADD = $(FAKED_LIBS)

include tests/system/pkits.mk
include tests/system/tds.mk
include tests/system/escape.mk
include tests/system/differential.mk

RELAYED_TEST_LIST = $(RELAYED_TESTS:=-over.relay)
TESTS += $(RELAYED_TEST_LIST)
TEST_EXTENSIONS = .relay
RELAY_LOG_DRIVER = $(TEST_LOG_DRIVER)
RELAY_LOG_COMPILER = $(LOG_COMPILER) $(top_srcdir)/build-aux/transport-relay
EXTRA_DIST += build-aux/transport-relay
CLEANFILES += $(RELAYED_TEST_LIST)
$(RELAYED_TEST_LIST):
	@echo "the relay's run of another test" >$@
