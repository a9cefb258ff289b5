# The whole interface of each real driver, alone and through odbcssl.
INTERFACE_LOG_SOURCES = \
	tests/system/interface/attributes.c tests/system/interface/catalog.c \
	tests/system/interface/connect.c tests/system/interface/cursors.c \
	tests/system/interface/descriptors.c tests/system/interface/dialects.c \
	tests/system/interface/info.c tests/system/interface/log.c tests/system/interface/log.h \
	tests/system/interface/main.c tests/system/interface/parameters.c \
	tests/system/interface/statements.c tests/system/interface/values.c

check_PROGRAMS += tests/system/interface-log-ansi tests/system/interface-log-wide
tests_system_interface_log_ansi_SOURCES = $(INTERFACE_LOG_SOURCES)
tests_system_interface_log_ansi_CPPFLAGS = $(AM_CPPFLAGS)
tests_system_interface_log_ansi_LDADD = $(ODBC_LIBS)
tests_system_interface_log_wide_SOURCES = $(INTERFACE_LOG_SOURCES)
tests_system_interface_log_wide_CPPFLAGS = $(AM_CPPFLAGS) -DUNICODE
tests_system_interface_log_wide_LDADD = $(ODBC_LIBS)

tests_system_test_differential_SOURCES = tests/system/test_differential.c tests/system/differences.def
