# A TDS server for tests. OpenSSL is used by it alone: a TLS peer that is not GnuTLS.
if HAVE_LIBSSL
check_PROGRAMS += tests/support/tds-server
endif
tests_support_tds_server_SOURCES = \
	tests/support/tds_server/browser.c \
	tests/support/tds_server/connection.c tests/support/tds_server/connection.h \
	tests/support/tds_server/log.c \
	tests/support/tds_server/login.c \
	tests/support/tds_server/main.c \
	tests/support/tds_server/prelogin.c \
	tests/support/tds_server/rpc.c \
	tests/support/tds_server/server.h \
	tests/support/tds_server/smp.c \
	tests/support/tds_server/sql.c \
	tests/support/tds_server/tls.c \
	tests/support/tds_server/tokens.c \
	tests/support/tds_server/value.c tests/support/tds_server/value.h \
	tests/support/tds_server/wire.c tests/support/tds_server/wire.h
tests_support_tds_server_LDADD = driver/base/libbase.la $(LIBSSL_LIBS)
