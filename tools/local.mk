# The command `odbcssl`.
bin_PROGRAMS += tools/odbcssl
tools_odbcssl_SOURCES = tools/main.c tools/command.h
tools_odbcssl_SOURCES += tools/arguments.c tools/arguments.h
tools_odbcssl_SOURCES += tools/json.c tools/json.h
tools_odbcssl_SOURCES += tools/facts.c tools/facts.h
tools_odbcssl_SOURCES += tools/chain.c tools/chain.h
tools_odbcssl_SOURCES += tools/source.c tools/source.h
tools_odbcssl_SOURCES += tools/advice.c tools/advice.h tools/advice.def
tools_odbcssl_SOURCES += tools/check.c tools/check.h
tools_odbcssl_SOURCES += tools/check_files.c
tools_odbcssl_SOURCES += tools/check_server.c
tools_odbcssl_SOURCES += tools/check_verify.c
tools_odbcssl_SOURCES += tools/install.c
tools_odbcssl_SOURCES += tools/status.c
tools_odbcssl_SOURCES += tools/verify.c
tools_odbcssl_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -DODBC_DIR=\"$(odbcdir)\"
tools_odbcssl_CFLAGS = $(AM_CFLAGS) $(ODBC_CFLAGS) $(ODBCINST_CFLAGS)
tools_odbcssl_LDADD = $(CONN_LIBS) $(GNUTLS_LIBS) $(ODBCINST_LIBS) $(ODBC_LIBS)

dist_man_MANS += doc/odbcssl.1
EXTRA_DIST += tools/build tools/check tools/demo tools/install-packages tools/packages
EXTRA_DIST += build-aux/check-layers

# Folders depend downwards only.
check-local:
	$(top_srcdir)/build-aux/check-layers $(top_srcdir)
