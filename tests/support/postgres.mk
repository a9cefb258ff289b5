# A private PostgreSQL server.
check_LTLIBRARIES += tests/support/libpostgrestest.la
tests_support_libpostgrestest_la_SOURCES = \
	tests/support/postgres_server.c tests/support/postgres_server.h \
	tests/support/private_server.c tests/support/private_server.h
