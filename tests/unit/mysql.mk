# Unit tests of driver/proto/mysql*.c.
check_PROGRAMS += tests/unit/test-mysql
TESTS += tests/unit/test-mysql
tests_unit_test_mysql_SOURCES = tests/unit/test_mysql.c \
	tests/unit/conversation.c tests/unit/conversation.h \
	tests/unit/conversation_memory.c tests/unit/conversation_memory.h $(FAILING_MEMORY) \
	tests/unit/mysql_packets.h \
	tests/unit/mysql_scenarios.c tests/unit/mysql_scenarios.h
tests_unit_test_mysql_LDFLAGS = $(AM_LDFLAGS) $(FAILING_MEMORY_LINK)
tests_unit_test_mysql_LDADD = tests/support/libsuite.la $(PROTO_LIBS) $(CUNIT_LIBS)
