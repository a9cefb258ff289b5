# Certificates, keys and CRLs for tests.
check_LTLIBRARIES += tests/support/libpki.la
tests_support_libpki_la_SOURCES = \
	tests/support/der.c tests/support/der.h \
	tests/support/pki.c tests/support/pki.h \
	tests/support/gaussdb_files.c tests/support/gaussdb_files.h \
	tests/support/pki_files.c tests/support/pki_trust.c
tests_support_libpki_la_LIBADD = $(GNUTLS_LIBS)
