# Fuzz targets: fuzz/<parser>.c each with a corpus in fuzz/corpus/<parser>/. `make check` replays each
# corpus; `make fuzz` (clang) builds the libFuzzer programs fuzz/fuzz-<parser>.
FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
FUZZ_REPLAY = fuzz/replay.c fuzz/target.h

# Connection strings.
check_PROGRAMS += fuzz/replay-connstr
TESTS += fuzz/replay-connstr
fuzz_replay_connstr_SOURCES = fuzz/connstr.c $(FUZZ_REPLAY)
fuzz_replay_connstr_CPPFLAGS = $(FUZZ_CPPFLAGS) -DFUZZ_CORPUS=\"connstr\"
fuzz_replay_connstr_LDADD = driver/config/libconfig.la driver/base/libbase.la
EXTRA_PROGRAMS += fuzz/fuzz-connstr
fuzz_fuzz_connstr_SOURCES = fuzz/connstr.c fuzz/target.h
fuzz_fuzz_connstr_CPPFLAGS = $(FUZZ_CPPFLAGS)
fuzz_fuzz_connstr_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_connstr_LDADD = driver/config/libconfig.la driver/base/libbase.la
EXTRA_DIST += fuzz/corpus/connstr

include fuzz/tds.mk
