# The command `odbcssl`, and its completion in bash.
bin_PROGRAMS += command/odbcssl
command_odbcssl_SOURCES = \
	command/adopt.c \
	command/adoption.c command/adoption.h \
	command/advice.c command/advice.def command/advice.h \
	command/arguments.c command/arguments.h \
	command/bundle.c command/bundle.h \
	command/chain.c command/chain.h \
	command/check.c command/check.h \
	command/check_all.c \
	command/check_files.c \
	command/check_lines.c \
	command/check_server.c \
	command/check_source.c \
	command/check_verify.c \
	command/command.h command/commands.def \
	command/data_source.c command/data_source.h \
	command/dsn.c \
	command/driver_section.c command/driver_section.h \
	command/fetch.c \
	command/findings.c command/findings.h \
	command/install.c \
	command/json.c command/json.h \
	command/list.c \
	command/main.c \
	command/memory.c command/memory.h \
	command/nearest.c command/nearest.h \
	command/odbc_section.c command/odbc_section.h \
	command/page_style.h \
	command/print.h \
	command/print_html.c \
	command/print_json.c \
	command/print_text.c \
	command/progress.c command/progress.h \
	command/status.c \
	command/verify.c
command_odbcssl_LDADD = setup/libsetup.la $(CONN_LIBS) $(GNUTLS_LIBS) $(ODBCINST_LIBS) $(ODBC_LIBS) -lm

dist_man_MANS += doc/odbcssl.1

bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = command/completion/odbcssl
