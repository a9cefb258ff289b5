# The command `odbcssl`.
bin_PROGRAMS += tools/odbcssl
tools_odbcssl_SOURCES = tools/main.c tools/command.h
tools_odbcssl_SOURCES += tools/arguments.c tools/arguments.h
tools_odbcssl_SOURCES += tools/json.c tools/json.h
tools_odbcssl_SOURCES += tools/verify.c
tools_odbcssl_SOURCES += tools/status.c
tools_odbcssl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tools_odbcssl_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS)
tools_odbcssl_LDADD = $(CONFIG_LIBS) $(TLS_LIBS) $(GNUTLS_LIBS) $(ODBC_LIBS)

dist_man_MANS += doc/odbcssl.1
EXTRA_DIST += tools/build tools/check tools/demo tools/install-packages tools/packages
EXTRA_DIST += build-aux/check-layers

# Folders depend downwards only.
check-local:
	$(top_srcdir)/build-aux/check-layers $(top_srcdir)
