# SQL Server, MariaDB and any other database through odbcssl.
check_LTLIBRARIES += tests/support/libtdspeer.la
tests_support_libtdspeer_la_SOURCES = tests/support/tds_peer.c tests/support/tds_peer.h

TDS_FIXTURE = tests/system/tds_fixture.c tests/system/tds_fixture.h $(SYSTEM_FIXTURE)
TDS_LIBS = tests/support/libtdspeer.la $(SYSTEM_LIBS)

check_PROGRAMS += tests/system/test-tds-modes
TESTS += tests/system/test-tds-modes
tests_system_test_tds_modes_SOURCES = tests/system/test_tds_modes.c $(TDS_FIXTURE)
tests_system_test_tds_modes_LDADD = $(TDS_LIBS)

check_PROGRAMS += tests/system/test-tds-trust
TESTS += tests/system/test-tds-trust
tests_system_test_tds_trust_SOURCES = tests/system/test_tds_trust.c $(TDS_FIXTURE)
tests_system_test_tds_trust_LDADD = $(TDS_LIBS) $(GNUTLS_LIBS)

check_PROGRAMS += tests/system/test-tds-sessions
TESTS += tests/system/test-tds-sessions
tests_system_test_tds_sessions_SOURCES = tests/system/test_tds_sessions.c $(TDS_FIXTURE)
tests_system_test_tds_sessions_LDADD = $(TDS_LIBS)

check_PROGRAMS += tests/system/test-tds-hostile
TESTS += tests/system/test-tds-hostile
tests_system_test_tds_hostile_SOURCES = tests/system/test_tds_hostile.c $(TDS_FIXTURE)
tests_system_test_tds_hostile_LDADD = $(TDS_LIBS)

check_PROGRAMS += tests/system/test-tds-profile
TESTS += tests/system/test-tds-profile
tests_system_test_tds_profile_SOURCES = tests/system/test_tds_profile.c $(TDS_FIXTURE)
tests_system_test_tds_profile_LDADD = $(TDS_LIBS)

check_PROGRAMS += tests/system/test-driver-bytes
TESTS += tests/system/test-driver-bytes
tests_system_test_driver_bytes_SOURCES = tests/system/test_driver_bytes.c $(TDS_FIXTURE) \
	tests/system/wire_tap.c tests/system/wire_tap.h
tests_system_test_driver_bytes_LDADD = tests/support/libmariadbtest.la $(TDS_LIBS)

check_PROGRAMS += tests/system/test-mariadb
TESTS += tests/system/test-mariadb
tests_system_test_mariadb_SOURCES = tests/system/test_mariadb.c $(SYSTEM_FIXTURE)
tests_system_test_mariadb_LDADD = tests/support/libmariadbtest.la $(SYSTEM_LIBS)

check_PROGRAMS += tests/system/test-unknown-driver
TESTS += tests/system/test-unknown-driver
tests_system_test_unknown_driver_SOURCES = tests/system/test_unknown_driver.c $(TDS_FIXTURE) \
	tests/support/tls_terminator.c tests/support/tls_terminator.h
tests_system_test_unknown_driver_LDADD = tests/support/libpeer.la $(TDS_LIBS) $(GNUTLS_LIBS)
