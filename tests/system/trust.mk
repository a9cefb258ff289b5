# Trust, certificates, keys and CRLs against a real PostgreSQL server.
TRUST_SOURCES = tests/system/trust.c tests/system/trust.h $(SYSTEM_FIXTURE)
TRUST_TESTS = tests/system/test-mutual \
	tests/system/test-keys \
	tests/system/test-stores \
	tests/system/test-revocation
check_PROGRAMS += $(TRUST_TESTS)
TESTS += $(TRUST_TESTS)

tests_system_test_mutual_SOURCES = tests/system/test_mutual.c $(TRUST_SOURCES)
tests_system_test_mutual_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_mutual_CFLAGS = $(TEST_CFLAGS) $(ODBC_CFLAGS)
tests_system_test_mutual_LDADD = $(SYSTEM_LIBS)

tests_system_test_keys_SOURCES = tests/system/test_keys.c $(TRUST_SOURCES)
tests_system_test_keys_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_keys_CFLAGS = $(TEST_CFLAGS) $(ODBC_CFLAGS)
tests_system_test_keys_LDADD = $(SYSTEM_LIBS)

tests_system_test_stores_SOURCES = tests/system/test_stores.c $(TRUST_SOURCES)
tests_system_test_stores_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_stores_CFLAGS = $(TEST_CFLAGS) $(ODBC_CFLAGS)
tests_system_test_stores_LDADD = $(SYSTEM_LIBS)

tests_system_test_revocation_SOURCES = tests/system/test_revocation.c $(TRUST_SOURCES)
tests_system_test_revocation_CPPFLAGS = $(TEST_CPPFLAGS)
tests_system_test_revocation_CFLAGS = $(TEST_CFLAGS) $(ODBC_CFLAGS)
tests_system_test_revocation_LDADD = $(SYSTEM_LIBS)
