# Unit tests of driver/tls/session*.c, driver/session and driver/relay, and what they need.
check_LTLIBRARIES += tests/support/libpeer.la
tests_support_libpeer_la_SOURCES = \
	tests/support/peer.c tests/support/peer.h \
	tests/support/postgres_client.c tests/support/postgres_client.h \
	tests/support/tls_server.c tests/support/tls_server.h

check_PROGRAMS += tests/unit/test-session
TESTS += tests/unit/test-session
tests_unit_test_session_SOURCES = tests/unit/test_session.c tests/unit/test_session_hostile.c
tests_unit_test_session_SOURCES += tests/unit/session_bench.c tests/unit/session_bench.h
tests_unit_test_session_LDADD = tests/support/libpeer.la tests/support/libpki.la \
	tests/support/libsuite.la $(TLS_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-relay
TESTS += tests/unit/test-relay
tests_unit_test_relay_SOURCES = \
	tests/unit/relay_rig.c tests/unit/relay_rig.h \
	tests/unit/test_relay.c tests/unit/test_relay.h \
	tests/unit/test_relay_server.c \
	tests/unit/test_relay_hostile.c \
	tests/unit/test_relay_life.c
tests_unit_test_relay_LDADD = tests/support/libpeer.la tests/support/libpki.la \
	tests/support/libpostgrestest.la tests/support/libsuite.la $(RELAY_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-relay-host
TESTS += tests/unit/test-relay-host
tests_unit_test_relay_host_SOURCES = tests/unit/test_relay_host.c \
	tests/unit/relay_rig.c tests/unit/relay_rig.h
tests_unit_test_relay_host_LDADD = $(tests_unit_test_relay_LDADD)

check_PROGRAMS += tests/unit/test-dial
TESTS += tests/unit/test-dial
tests_unit_test_dial_SOURCES = tests/unit/test_dial.c
tests_unit_test_dial_LDADD = tests/support/libsuite.la $(SESSION_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-browser
TESTS += tests/unit/test-browser
tests_unit_test_browser_SOURCES = tests/unit/test_browser.c
tests_unit_test_browser_LDADD = tests/support/libsuite.la $(SESSION_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-session-engine
TESTS += tests/unit/test-session-engine
tests_unit_test_session_engine_SOURCES = tests/unit/test_session_engine.c \
	tests/unit/test_session_engine_again.c \
	tests/unit/engine_rig.c tests/unit/engine_rig.h
tests_unit_test_session_engine_LDADD = tests/support/libpeer.la tests/support/libpki.la \
	tests/support/libsuite.la $(SESSION_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-session-memory
TESTS += tests/unit/test-session-memory
tests_unit_test_session_memory_SOURCES = tests/unit/test_session_memory.c $(FAILING_MEMORY) \
	tests/unit/engine_rig.c tests/unit/engine_rig.h
tests_unit_test_session_memory_LDFLAGS = $(AM_LDFLAGS) $(FAILING_MEMORY_LINK) \
	-Wl,--wrap=session_start,--wrap=session_write,--wrap=session_read,--wrap=session_step
tests_unit_test_session_memory_LDADD = $(tests_unit_test_session_engine_LDADD)

check_PROGRAMS += tests/unit/test-session-bounds
TESTS += tests/unit/test-session-bounds
tests_unit_test_session_bounds_SOURCES = tests/unit/test_session_bounds.c \
	tests/unit/conversation.c tests/unit/conversation.h tests/unit/mysql_packets.h \
	tests/unit/engine_rig.c tests/unit/engine_rig.h
tests_unit_test_session_bounds_LDADD = $(tests_unit_test_session_engine_LDADD)
