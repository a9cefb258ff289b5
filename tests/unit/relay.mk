# Unit tests of driver/tls/session*.c and driver/relay, and what they need.
check_LTLIBRARIES += tests/support/libpeer.la
tests_support_libpeer_la_SOURCES = \
	tests/support/postgres_client.c tests/support/postgres_client.h \
	tests/support/tls_server.c tests/support/tls_server.h
tests_support_libpeer_la_CPPFLAGS = $(TEST_CPPFLAGS)
tests_support_libpeer_la_CFLAGS = $(TEST_CFLAGS)

check_PROGRAMS += tests/unit/test-session
TESTS += tests/unit/test-session
tests_unit_test_session_SOURCES = tests/unit/test_session.c
tests_unit_test_session_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_session_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_session_LDADD = tests/support/libpeer.la tests/support/libpki.la \
	tests/support/libsuite.la $(TLS_LIBS) $(CUNIT_LIBS)
