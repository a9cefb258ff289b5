# Unit tests of TDS in driver/proto.
check_PROGRAMS += tests/unit/test-tds
TESTS += tests/unit/test-tds
tests_unit_test_tds_SOURCES = tests/unit/test_tds.c tests/unit/test_tds_login.c \
	tests/unit/test_tds_browser.c tests/unit/tds_bytes.c tests/unit/tds_bytes.h \
	tests/unit/conversation.c tests/unit/conversation.h \
	tests/unit/conversation_memory.c tests/unit/conversation_memory.h $(FAILING_MEMORY)
tests_unit_test_tds_LDFLAGS = $(AM_LDFLAGS) $(FAILING_MEMORY_LINK)
tests_unit_test_tds_LDADD = tests/support/libsuite.la $(PROTO_LIBS) $(CUNIT_LIBS)
