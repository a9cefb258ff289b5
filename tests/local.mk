# Test support, unit tests (one program per folder of driver/) and system tests.

check_LTLIBRARIES += tests/support/libsuite.la
tests_support_libsuite_la_SOURCES = tests/support/suite.c tests/support/suite.h \
	tests/support/suite_main.c \
	tests/support/fork_beside.c tests/support/fork_beside.h \
	tests/support/tools.c tests/support/tools.h
tests_support_libsuite_la_LIBADD = $(CUNIT_LIBS)

# For tests in which memory runs out: sources, and how they are linked.
FAILING_MEMORY = tests/support/failing_memory.c tests/support/failing_memory.h
FAILING_MEMORY_LINK = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=strndup \
	-Wl,--wrap=asprintf,--wrap=__asprintf_chk

# What the documents say, beside what they speak of.
TESTS += tests/unit/documents
EXTRA_DIST += tests/unit/documents

include tests/unit/base.mk
include tests/unit/config.mk
include tests/unit/formats.mk
include tests/unit/tls.mk
include tests/unit/proto.mk
include tests/unit/tds.mk
include tests/unit/mysql.mk
include tests/support/fake.mk
include tests/unit/dispatch.mk
include tests/unit/odbc.mk
include tests/unit/relay.mk
include tests/support/caller.mk
include tests/unit/interpose.mk
include tests/unit/conn.mk
include tests/support/pki.mk
include tests/support/tds.mk
include tests/support/odbc.mk
include tests/support/postgres.mk
include tests/support/mariadb.mk
include tests/system/local.mk
include tests/system/mysql.mk
include tests/faults/local.mk

# What installers of servers made for the first test (tests/support/private_server.h).
clean-local:
	rm -rf tests/support/kept-data
