# The engine of a session.
check_PROGRAMS += fuzz/replay-session
TESTS += fuzz/replay-session
fuzz_replay_session_SOURCES = fuzz/session.c $(FUZZ_REPLAY)
fuzz_replay_session_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"session\"
fuzz_replay_session_LDADD = $(SESSION_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-session
fuzz_fuzz_session_SOURCES = fuzz/session.c fuzz/target.h
fuzz_fuzz_session_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_session_LDADD = $(SESSION_LIBS)
EXTRA_DIST += fuzz/corpus/session
