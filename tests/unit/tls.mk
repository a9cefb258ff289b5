# Unit tests of driver/tls: CRLs.
check_PROGRAMS += tests/unit/test-crl
TESTS += tests/unit/test-crl
tests_unit_test_crl_SOURCES = tests/unit/test_crl.c
tests_unit_test_crl_LDADD = tests/support/libsuite.la tests/support/libpki.la $(TLS_LIBS) \
	$(GNUTLS_LIBS) $(CUNIT_LIBS)

# The verifier.
check_PROGRAMS += tests/unit/test-verify
TESTS += tests/unit/test-verify
tests_unit_test_verify_SOURCES = tests/unit/test_verify_form.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_names.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_limits.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_path.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_anchor.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_revocation.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_points.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_rules.c
tests_unit_test_verify_SOURCES += tests/unit/test_verify_signature.c
# Behind them all: it asks whether every outcome was met.
tests_unit_test_verify_SOURCES += tests/unit/test_verify.c
tests_unit_test_verify_SOURCES += tests/unit/verify_world.c tests/unit/verify_world.h
tests_unit_test_verify_LDADD = $(tests_unit_test_crl_LDADD)

# The verifier beside OpenSSL.
if HAVE_LIBSSL
check_PROGRAMS += tests/unit/test-chains
TESTS += tests/unit/test-chains
endif
tests_unit_test_chains_SOURCES = tests/unit/test_chains.c tests/unit/chains.h
tests_unit_test_chains_SOURCES += tests/unit/chains_der.c
tests_unit_test_chains_SOURCES += tests/unit/chains_differences.c
tests_unit_test_chains_SOURCES += tests/unit/chains_judge.c
tests_unit_test_chains_SOURCES += tests/unit/chains_make.c
tests_unit_test_chains_LDADD = $(tests_unit_test_crl_LDADD) $(LIBSSL_LIBS)

# Memory runs out.
check_PROGRAMS += tests/unit/test-memory
TESTS += tests/unit/test-memory
tests_unit_test_memory_SOURCES = tests/unit/test_memory.c $(FAILING_MEMORY)
tests_unit_test_memory_SOURCES += tests/unit/verify_world.c tests/unit/verify_world.h
tests_unit_test_memory_LDFLAGS = $(AM_LDFLAGS) $(FAILING_MEMORY_LINK)
tests_unit_test_memory_LDADD = tests/support/libsuite.la tests/support/libpki.la \
	driver/config/libconfig.la $(TLS_LIBS) $(GNUTLS_LIBS) $(CUNIT_LIBS)
