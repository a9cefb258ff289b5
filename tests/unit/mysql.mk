# Unit tests of driver/proto/mysql*.c.
check_PROGRAMS += tests/unit/test-mysql
TESTS += tests/unit/test-mysql
tests_unit_test_mysql_SOURCES = tests/unit/test_mysql.c
tests_unit_test_mysql_CPPFLAGS = $(TEST_CPPFLAGS)
tests_unit_test_mysql_CFLAGS = $(TEST_CFLAGS)
tests_unit_test_mysql_LDADD = tests/support/libsuite.la driver/proto/libproto.la $(CUNIT_LIBS)
