# A private MariaDB server.
check_LTLIBRARIES += tests/support/libmariadbtest.la
tests_support_libmariadbtest_la_SOURCES = \
	tests/support/mariadb_server.c tests/support/mariadb_server.h \
	tests/support/private_server.c tests/support/private_server.h

