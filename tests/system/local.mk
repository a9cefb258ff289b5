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

# With real drivers: once as they are carried by default, in their own calls, and once by the relay.
RELAYED_TESTS = tests/system/test-matrix $(TRUST_TESTS) $(POSTGRES_SYSTEM_TESTS) \
	tests/system/test-tds-modes tests/system/test-tds-trust tests/system/test-tds-sessions \
	tests/system/test-tds-hostile tests/system/test-tds-profile tests/system/test-mariadb \
	tests/system/test-unknown-driver tests/system/test-differential $(COMMAND_TESTS)
RELAYED_TEST_LIST = $(RELAYED_TESTS:=-over.relay)
TESTS += $(RELAYED_TEST_LIST)
TEST_EXTENSIONS = .relay
RELAY_LOG_DRIVER = $(TEST_LOG_DRIVER)
RELAY_LOG_COMPILER = $(top_srcdir)/build-aux/transport-relay
EXTRA_DIST += build-aux/transport-relay
CLEANFILES += $(RELAYED_TEST_LIST)
$(RELAYED_TEST_LIST):
	@echo "the relay's run of another test" >$@
