# Fuzz targets: fuzz/<parser>.c each with a corpus in fuzz/corpus/<parser>/. `make check` replays each
# corpus; `make fuzz` (clang) builds the libFuzzer programs fuzz/fuzz-<parser>.
FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
FUZZ_REPLAY = fuzz/replay.c fuzz/target.h
