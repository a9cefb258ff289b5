# Unit tests of driver/conn.
check_PROGRAMS += tests/unit/test-conn tests/unit/test-conn-report
TESTS += tests/unit/test-conn tests/unit/test-conn-report
tests_unit_test_conn_SOURCES = \
	tests/unit/conn_rig.c tests/unit/conn_rig.h \
	tests/unit/test_conn.c \
	tests/unit/test_conn_files.c
tests_unit_test_conn_LDADD = tests/support/libsuite.la $(CONN_LIBS) $(CUNIT_LIBS)

tests_unit_test_conn_report_SOURCES = tests/unit/test_conn_report.c
tests_unit_test_conn_report_LDADD = $(tests_unit_test_conn_LDADD)
