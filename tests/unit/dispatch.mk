# Unit tests of driver/dispatch, against fake real drivers.
check_PROGRAMS += tests/unit/test-dispatch
TESTS += tests/unit/test-dispatch
tests_unit_test_dispatch_SOURCES = tests/unit/test_dispatch.c
tests_unit_test_dispatch_LDADD = tests/support/libsuite.la tests/support/libfakeaccess.la \
	driver/dispatch/libdispatch.la driver/base/libbase.la $(CUNIT_LIBS)
