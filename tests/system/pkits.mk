# NIST PKITS; skipped where the data is not.
check_PROGRAMS += tests/system/test-pkits
TESTS += tests/system/test-pkits
tests_system_test_pkits_SOURCES = tests/system/test_pkits.c
tests_system_test_pkits_LDADD = tests/support/libpki.la $(TLS_LIBS) $(GNUTLS_LIBS)

# The command, from files.
dist_check_SCRIPTS += tests/system/verify-command
TESTS += tests/system/verify-command
