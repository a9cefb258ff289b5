# Unit tests of driver/proto/postgres*.c, direct.c and proto.c.
check_PROGRAMS += tests/unit/test-proto
TESTS += tests/unit/test-proto
tests_unit_test_proto_SOURCES = tests/unit/test_proto.c \
	tests/unit/conversation.c tests/unit/conversation.h \
	tests/unit/conversation_memory.c tests/unit/conversation_memory.h $(FAILING_MEMORY)
tests_unit_test_proto_LDFLAGS = $(AM_LDFLAGS) $(FAILING_MEMORY_LINK)
tests_unit_test_proto_LDADD = tests/support/libsuite.la $(PROTO_LIBS) $(CUNIT_LIBS)
