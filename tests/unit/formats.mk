# Unit tests of driver/tls: file formats, keys, credentials. They make files with independent tools.
check_PROGRAMS += tests/unit/test-formats tests/unit/test-credentials
TESTS += tests/unit/test-formats tests/unit/test-credentials
FORMATS_TEST_LINK = tests/support/libsuite.la tests/support/libpki.la driver/tls/libtls.la \
	driver/base/libbase.la $(CUNIT_LIBS) $(GNUTLS_LIBS)

tests_unit_test_formats_SOURCES = tests/unit/test_formats.c tests/unit/test_stores.c \
	tests/unit/test_trust.c
tests_unit_test_formats_LDADD = $(FORMATS_TEST_LINK)

tests_unit_test_credentials_SOURCES = tests/unit/test_client_identity.c tests/unit/test_credentials.c
tests_unit_test_credentials_LDADD = $(FORMATS_TEST_LINK)
