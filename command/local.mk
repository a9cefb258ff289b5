# The command `odbcssl`.
bin_PROGRAMS += command/odbcssl
command_odbcssl_SOURCES = command/main.c command/command.h
command_odbcssl_SOURCES += command/arguments.c command/arguments.h
command_odbcssl_SOURCES += command/json.c command/json.h
command_odbcssl_SOURCES += command/facts.c command/facts.h
command_odbcssl_SOURCES += command/chain.c command/chain.h
command_odbcssl_SOURCES += command/source.c command/source.h
command_odbcssl_SOURCES += command/advice.c command/advice.h command/advice.def
command_odbcssl_SOURCES += command/check.c command/check.h
command_odbcssl_SOURCES += command/check_files.c
command_odbcssl_SOURCES += command/check_server.c
command_odbcssl_SOURCES += command/check_verify.c
command_odbcssl_SOURCES += command/install.c
command_odbcssl_SOURCES += command/status.c
command_odbcssl_SOURCES += command/verify.c
command_odbcssl_LDADD = $(CONN_LIBS) $(GNUTLS_LIBS) $(ODBCINST_LIBS) $(ODBC_LIBS)

dist_man_MANS += doc/odbcssl.1
