# What a PostgreSQL server and its driver say before TLS and during the login.
check_PROGRAMS += fuzz/replay-postgres
TESTS += fuzz/replay-postgres
fuzz_replay_postgres_SOURCES = fuzz/postgres.c $(FUZZ_REPLAY)
fuzz_replay_postgres_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"postgres\"
fuzz_replay_postgres_LDADD = $(PROTO_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-postgres
fuzz_fuzz_postgres_SOURCES = fuzz/postgres.c fuzz/target.h
fuzz_fuzz_postgres_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_postgres_LDADD = $(PROTO_LIBS)
EXTRA_DIST += fuzz/corpus/postgres
