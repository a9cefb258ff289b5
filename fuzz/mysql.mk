# The MySQL state machine.
check_PROGRAMS += fuzz/replay-mysql
TESTS += fuzz/replay-mysql
fuzz_replay_mysql_SOURCES = $(FUZZ_REPLAY) fuzz/mysql.c
fuzz_replay_mysql_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"mysql\"
fuzz_replay_mysql_LDADD = $(PROTO_LIBS)

EXTRA_PROGRAMS += fuzz/fuzz-mysql
fuzz_fuzz_mysql_SOURCES = fuzz/mysql.c fuzz/target.h
fuzz_fuzz_mysql_CFLAGS = $(AM_CFLAGS) -fsanitize=fuzzer
fuzz_fuzz_mysql_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_mysql_LDADD = $(PROTO_LIBS)
EXTRA_DIST += fuzz/corpus/mysql
