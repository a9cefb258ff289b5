# What the real drivers read, seen at their sockets by a preloaded library.
check_LTLIBRARIES += tests/support/capture.la tests/support/libcapture.la
tests_support_capture_la_SOURCES = tests/support/capture_library.c tests/support/capture.h
tests_support_capture_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere
tests_support_libcapture_la_SOURCES = tests/support/capture.c tests/support/capture.h \
	tests/support/canned_servers.c tests/support/canned_servers.h
check_PROGRAMS += tests/system/test-escape
TESTS += tests/system/test-escape
tests_system_test_escape_SOURCES = tests/system/test_escape.c
tests_system_test_escape_LDADD = tests/support/libcapture.la tests/support/libprivateodbc.la \
	tests/support/libsuite.la $(BASE_LIBS) $(GNUTLS_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/system/test-same
TESTS += tests/system/test-same
tests_system_test_same_SOURCES = tests/system/test_same.c
tests_system_test_same_LDADD = tests/support/libcapture.la $(SYSTEM_LIBS)
