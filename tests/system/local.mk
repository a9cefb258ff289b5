# System tests: real servers, real drivers, the real driver manager.
include tests/system/pkits.mk
SYSTEM_FIXTURE = tests/system/fixture.c tests/system/fixture.h
SYSTEM_LIBS = tests/support/libsuite.la tests/support/libodbctest.la tests/support/libpki.la \
	tests/support/libpostgrestest.la $(BASE_LIBS) $(ODBC_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/system/test-matrix
TESTS += tests/system/test-matrix
tests_system_test_matrix_SOURCES = tests/system/test_matrix.c $(SYSTEM_FIXTURE)
tests_system_test_matrix_LDADD = $(SYSTEM_LIBS)
# Tests through the real driver manager.
SYSTEM_LDADD = tests/support/libsuite.la tests/support/libfakeaccess.la \
	tests/support/libprivateodbc.la driver/base/libbase.la $(ODBC_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/system/test-interface tests/system/test-pooling
TESTS += tests/system/test-interface tests/system/test-pooling
tests_system_test_interface_SOURCES = tests/system/test_interface.c
tests_system_test_interface_LDADD = $(SYSTEM_LDADD)
tests_system_test_pooling_SOURCES = tests/system/test_pooling.c
tests_system_test_pooling_LDADD = $(SYSTEM_LDADD)
include tests/system/trust.mk
include tests/system/tds.mk
include tests/system/escape.mk
include tests/system/postgres.mk
include tests/system/databases.mk
include tests/system/differential.mk
include tests/system/commands.mk
include tests/system/applications.mk
