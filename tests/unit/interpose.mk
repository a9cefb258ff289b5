# Unit tests of driver/interpose.
check_PROGRAMS += tests/unit/test-slots
TESTS += tests/unit/test-slots
tests_unit_test_slots_SOURCES = tests/unit/test_slots.c
tests_unit_test_slots_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=mprotect
tests_unit_test_slots_LDADD = tests/support/libcallerload.la tests/support/libsuite.la \
	$(INTERPOSE_LIBS) $(CUNIT_LIBS)

check_PROGRAMS += tests/unit/test-interpose
TESTS += tests/unit/test-interpose
tests_unit_test_interpose_SOURCES = \
	tests/unit/interpose_rig.c tests/unit/interpose_rig.h \
	tests/unit/test_interpose.c \
	tests/unit/test_interpose_threads.c \
	tests/unit/test_interpose_life.c
tests_unit_test_interpose_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=dup3
tests_unit_test_interpose_LDADD = tests/support/libcallerload.la tests/support/libpeer.la \
	tests/support/libpki.la tests/support/libsuite.la $(INTERPOSE_LIBS) $(CUNIT_LIBS)
