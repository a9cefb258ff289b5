# Fault injection: `make check` runs some cases, `make faults FAULTS=n` n of a new seed.
check_LTLIBRARIES += tests/faults/faultlibrary.la
tests_faults_faultlibrary_la_SOURCES = tests/faults/fault_library.c tests/faults/fault_library.h \
	tests/faults/fault_calls.c tests/faults/fault_library_internal.h
tests_faults_faultlibrary_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere

check_PROGRAMS += tests/faults/faults
TESTS += tests/faults/faults
tests_faults_faults_SOURCES = tests/faults/faults.c tests/faults/fault_begin.c \
	tests/faults/fault_case.c tests/faults/fault_case.h tests/faults/fault_database.c \
	tests/faults/fault_database.h tests/faults/fault_peer.c \
	tests/faults/fault_peer.h tests/faults/fault_visit.c tests/faults/fault_visit.h \
	tests/faults/fault_library.h
EXTRA_tests_faults_faults_DEPENDENCIES = tests/faults/faultlibrary.la

FAULTS = 10000
faults: tests/faults/faults
	$(AM_TESTS_ENVIRONMENT) tests/faults/faults $(FAULTS)
.PHONY: faults

# 64 threads for SOAK_SECONDS, while everything around them changes.
check_PROGRAMS += tests/faults/soak
tests_faults_soak_SOURCES = tests/faults/soak.c tests/faults/soak_world.c \
	tests/faults/soak_world.h tests/faults/fault_begin.c tests/faults/fault_library.h
EXTRA_tests_faults_soak_DEPENDENCIES = tests/faults/faultlibrary.la

SOAK_SECONDS = 600
soak: tests/faults/soak
	$(AM_TESTS_ENVIRONMENT) tests/faults/soak $(SOAK_SECONDS)
.PHONY: soak
