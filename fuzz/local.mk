# Fuzz targets: fuzz/<parser>.c each with a corpus in fuzz/corpus/<parser>/. `make check` replays each
# corpus; `make fuzz` (clang) builds the libFuzzer programs fuzz/fuzz-<parser>.
FUZZ_REPLAY = fuzz/replay.c fuzz/target.h

# Connection strings.
check_PROGRAMS += fuzz/replay-connstr
TESTS += fuzz/replay-connstr
fuzz_replay_connstr_SOURCES = fuzz/connstr.c $(FUZZ_REPLAY)
fuzz_replay_connstr_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"connstr\"
fuzz_replay_connstr_LDADD = driver/config/libconfig.la driver/base/libbase.la
EXTRA_PROGRAMS += fuzz/fuzz-connstr
fuzz_fuzz_connstr_SOURCES = fuzz/connstr.c fuzz/target.h
fuzz_fuzz_connstr_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_connstr_LDADD = driver/config/libconfig.la driver/base/libbase.la
EXTRA_DIST += fuzz/corpus/connstr

include fuzz/postgres.mk
include fuzz/tds.mk
include fuzz/mysql.mk
include fuzz/session.mk
include fuzz/tls.mk
# Certificate, key and store files.
check_PROGRAMS += fuzz/replay-formats
TESTS += fuzz/replay-formats
fuzz_replay_formats_SOURCES = fuzz/formats.c $(FUZZ_REPLAY)
fuzz_replay_formats_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"formats\"
fuzz_replay_formats_LDADD = driver/tls/libtls.la driver/base/libbase.la $(GNUTLS_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-formats
fuzz_fuzz_formats_SOURCES = fuzz/formats.c fuzz/target.h
fuzz_fuzz_formats_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_formats_LDADD = driver/tls/libtls.la driver/base/libbase.la $(GNUTLS_LIBS)
EXTRA_DIST += fuzz/corpus/formats

# GaussDB's key password files.
check_PROGRAMS += fuzz/replay-gaussdb_key
TESTS += fuzz/replay-gaussdb_key
fuzz_replay_gaussdb_key_SOURCES = fuzz/gaussdb_key.c $(FUZZ_REPLAY)
fuzz_replay_gaussdb_key_CPPFLAGS = $(AM_CPPFLAGS) -DFUZZ_CORPUS=\"gaussdb_key\"
fuzz_replay_gaussdb_key_LDADD = driver/tls/libtls.la driver/base/libbase.la $(GNUTLS_LIBS)
EXTRA_PROGRAMS += fuzz/fuzz-gaussdb_key
fuzz_fuzz_gaussdb_key_SOURCES = fuzz/gaussdb_key.c fuzz/target.h
fuzz_fuzz_gaussdb_key_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzz_gaussdb_key_LDADD = driver/tls/libtls.la driver/base/libbase.la $(GNUTLS_LIBS)
EXTRA_DIST += fuzz/corpus/gaussdb_key
