# Tests as an application.
check_LTLIBRARIES += tests/support/libodbctest.la
tests_support_libodbctest_la_SOURCES = tests/support/odbc.c tests/support/odbc.h
tests_support_libodbctest_la_LIBADD = $(ODBC_LIBS)
