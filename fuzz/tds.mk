# The TDS state machine, its token stream and SQL Server Browser's answers.
check_PROGRAMS += fuzz/replay-tds
TESTS += fuzz/replay-tds
fuzz_replay_tds_SOURCES = $(FUZZ_REPLAY) fuzz/tds.c
fuzz_replay_tds_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tds\"
fuzz_replay_tds_LDADD = driver/proto/libproto.la driver/base/libbase.la

EXTRA_PROGRAMS += fuzz/fuzz-tds
fuzz_fuzz_tds_SOURCES = fuzz/tds.c fuzz/target.h
fuzz_fuzz_tds_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_tds_LDADD = driver/proto/libproto.la driver/base/libbase.la
EXTRA_DIST += fuzz/corpus/tds
