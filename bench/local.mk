# Speed, always beside the competitor in the same run: `make bench`, or `make bench QUICK=1`.
EXTRA_PROGRAMS += bench/bench
bench_bench_SOURCES = bench/bench.c bench/bench.h bench/crl.c bench/measure.c bench/results.c \
	bench/servers.c bench/works.c
bench_bench_LDADD = $(SYSTEM_LIBS) $(TLS_LIBS)

bench: all bench/bench$(EXEEXT) $(check_LTLIBRARIES) $(check_PROGRAMS)
	top_builddir='$(abs_top_builddir)' bench/bench$(EXEEXT) $(if $(QUICK),--quick) \
		$(if $(ONLY),--only $(ONLY)) --json bench/results.json
.PHONY: bench
