# The command `odbcssl`.
bin_PROGRAMS += tools/odbcssl
tools_odbcssl_SOURCES = tools/main.c tools/command.h
tools_odbcssl_SOURCES += tools/arguments.c tools/arguments.h
tools_odbcssl_SOURCES += tools/json.c tools/json.h
tools_odbcssl_SOURCES += tools/verify.c
tools_odbcssl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tools_odbcssl_LDADD = $(TLS_LIBS) $(GNUTLS_LIBS)
