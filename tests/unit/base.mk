# Unit tests of driver/base.
check_PROGRAMS += tests/unit/test-base
TESTS += tests/unit/test-base
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_LDADD = tests/support/libsuite.la $(BASE_LIBS) $(CUNIT_LIBS)
