# Trust, certificates, keys and CRLs against a real PostgreSQL server.
TRUST_SOURCES = tests/system/trust.c tests/system/trust.h $(SYSTEM_FIXTURE)
HOSTILE_SOURCES = tests/support/hostile_server.c tests/support/hostile_server.h
TRUST_TESTS = tests/system/test-mutual \
	tests/system/test-keys \
	tests/system/test-stores \
	tests/system/test-revocation \
	tests/system/test-server-name \
	tests/system/test-versions \
	tests/system/test-pin \
	tests/system/test-expiry \
	tests/system/test-hostile
check_PROGRAMS += $(TRUST_TESTS)
TESTS += $(TRUST_TESTS)

tests_system_test_mutual_SOURCES = tests/system/test_mutual.c $(TRUST_SOURCES)
tests_system_test_mutual_LDADD = $(SYSTEM_LIBS)

tests_system_test_keys_SOURCES = tests/system/test_keys.c $(TRUST_SOURCES)
tests_system_test_keys_LDADD = $(SYSTEM_LIBS)

tests_system_test_stores_SOURCES = tests/system/test_stores.c $(TRUST_SOURCES)
tests_system_test_stores_LDADD = $(SYSTEM_LIBS)

tests_system_test_revocation_SOURCES = tests/system/test_revocation.c $(TRUST_SOURCES)
tests_system_test_revocation_LDADD = $(SYSTEM_LIBS)

tests_system_test_server_name_SOURCES = tests/system/test_server_name.c $(HOSTILE_SOURCES) $(TRUST_SOURCES)
tests_system_test_server_name_LDADD = tests/support/libpeer.la $(SYSTEM_LIBS)

tests_system_test_versions_SOURCES = tests/system/test_versions.c $(TRUST_SOURCES)
tests_system_test_versions_LDADD = $(SYSTEM_LIBS)

tests_system_test_pin_SOURCES = tests/system/test_pin.c $(TRUST_SOURCES)
tests_system_test_pin_LDADD = $(SYSTEM_LIBS)

tests_system_test_expiry_SOURCES = tests/system/test_expiry.c $(TRUST_SOURCES)
tests_system_test_expiry_LDADD = $(SYSTEM_LIBS)

tests_system_test_hostile_SOURCES = tests/system/test_hostile.c $(HOSTILE_SOURCES) $(TRUST_SOURCES)
tests_system_test_hostile_LDADD = tests/support/libpeer.la $(SYSTEM_LIBS)
