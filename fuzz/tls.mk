# CRLs.
check_PROGRAMS += fuzz/replay-crl
TESTS += fuzz/replay-crl
fuzz_replay_crl_SOURCES = fuzz/crl.c $(FUZZ_REPLAY)
fuzz_replay_crl_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"crl\"
fuzz_replay_crl_LDADD = tests/support/libpki.la $(TLS_LIBS) \
	$(GNUTLS_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-crl
fuzz_fuzz_crl_SOURCES = fuzz/crl.c fuzz/target.h
fuzz_fuzz_crl_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_crl_LDADD = $(fuzz_replay_crl_LDADD)
EXTRA_DIST += fuzz/corpus/crl

# Chains from a hostile server.
check_PROGRAMS += fuzz/replay-chain
TESTS += fuzz/replay-chain
fuzz_replay_chain_SOURCES = fuzz/chain.c $(FUZZ_REPLAY)
fuzz_replay_chain_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"chain\"
fuzz_replay_chain_LDADD = $(TLS_LIBS) $(GNUTLS_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-chain
fuzz_fuzz_chain_SOURCES = fuzz/chain.c fuzz/target.h
fuzz_fuzz_chain_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_chain_LDADD = $(fuzz_replay_chain_LDADD)
EXTRA_DIST += fuzz/corpus/chain

# Certificates, and the verifier's rules over them.
check_PROGRAMS += fuzz/replay-certificate
TESTS += fuzz/replay-certificate
fuzz_replay_certificate_SOURCES = fuzz/certificate.c $(FUZZ_REPLAY)
fuzz_replay_certificate_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"certificate\"
fuzz_replay_certificate_LDADD = $(TLS_LIBS) $(GNUTLS_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-certificate
fuzz_fuzz_certificate_SOURCES = fuzz/certificate.c fuzz/target.h
fuzz_fuzz_certificate_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_certificate_LDADD = $(fuzz_replay_certificate_LDADD)
EXTRA_DIST += fuzz/corpus/certificate
