# The MySQL state machine against a real MariaDB server.
check_PROGRAMS += tests/system/test-mysql-proto
TESTS += tests/system/test-mysql-proto
tests_system_test_mysql_proto_SOURCES = tests/system/test_mysql_proto.c \
	tests/system/mysql_relay.c tests/system/mysql_relay.h
tests_system_test_mysql_proto_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_mysql_proto_CFLAGS = $(TEST_CFLAGS)
tests_system_test_mysql_proto_LDADD = tests/support/libsuite.la tests/support/libpki.la \
	tests/support/libmariadbtest.la $(PROTO_LIBS) $(GNUTLS_LIBS) $(CUNIT_LIBS)
