# Speed, always beside the competitor in the same run: `make bench`.
EXTRA_PROGRAMS += bench/bench-postgres
bench_bench_postgres_SOURCES = bench/bench_postgres.c $(SYSTEM_FIXTURE)
bench_bench_postgres_LDADD = $(SYSTEM_LIBS)

bench: all bench/bench-postgres$(EXEEXT)
	top_builddir='$(abs_top_builddir)' bench/bench-postgres$(EXEEXT)
.PHONY: bench
# bench
include bench/crl.mk
