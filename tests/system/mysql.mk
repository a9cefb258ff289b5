# MariaDB's ODBC driver through the relay to a real MariaDB server.
check_PROGRAMS += tests/system/test-mysql
TESTS += tests/system/test-mysql
tests_system_test_mysql_SOURCES = tests/system/test_mysql.c
tests_system_test_mysql_LDADD = tests/support/libsuite.la tests/support/libpki.la \
	tests/support/libmariadbtest.la tests/support/libodbctest.la $(RELAY_LIBS) $(GNUTLS_LIBS) \
	$(ODBC_LIBS) $(CUNIT_LIBS)
