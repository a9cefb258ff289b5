# Large CRLs, beside OpenSSL.
EXTRA_PROGRAMS += bench/bench-crl
bench_bench_crl_SOURCES = bench/bench_crl.c
bench_bench_crl_LDADD = tests/support/libpki.la $(TLS_LIBS) $(GNUTLS_LIBS)
