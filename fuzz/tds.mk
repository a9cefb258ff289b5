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

# The server's answer to a login.
check_PROGRAMS += fuzz/replay-tds_token
TESTS += fuzz/replay-tds_token
fuzz_replay_tds_token_SOURCES = $(FUZZ_REPLAY) fuzz/tds_token.c
fuzz_replay_tds_token_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tds_token\"
fuzz_replay_tds_token_LDADD = $(PROTO_LIBS)

EXTRA_PROGRAMS += fuzz/fuzz-tds_token
fuzz_fuzz_tds_token_SOURCES = fuzz/tds_token.c fuzz/target.h
fuzz_fuzz_tds_token_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
fuzz_fuzz_tds_token_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_tds_token_LDADD = $(PROTO_LIBS)
EXTRA_DIST += fuzz/corpus/tds_token

# The server's name in LOGIN7.
check_PROGRAMS += fuzz/replay-tds_login7
TESTS += fuzz/replay-tds_login7
fuzz_replay_tds_login7_SOURCES = $(FUZZ_REPLAY) fuzz/tds_login7.c
fuzz_replay_tds_login7_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"tds_login7\"
fuzz_replay_tds_login7_LDADD = driver/proto/libproto.la driver/base/libbase.la

EXTRA_PROGRAMS += fuzz/fuzz-tds_login7
fuzz_fuzz_tds_login7_SOURCES = fuzz/tds_login7.c fuzz/target.h
fuzz_fuzz_tds_login7_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
fuzz_fuzz_tds_login7_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_tds_login7_LDADD = driver/proto/libproto.la driver/base/libbase.la
EXTRA_DIST += fuzz/corpus/tds_login7
