# A library with calls of the socket functions, linked in the ways that real drivers are.
CALLER_LDFLAGS = -module -avoid-version -shared -rpath /nowhere
CALLER_SOURCES = tests/support/caller.c tests/support/caller.h

CALLERS = tests/support/caller_lazy.la tests/support/caller_now.la \
	tests/support/caller_got.la tests/support/caller_fortified.la tests/support/caller_epoll.la \
	tests/support/libcaller.la tests/support/caller_driver.la
check_LTLIBRARIES += $(CALLERS) tests/support/libcallerload.la
# For a build whose compiler adds calls of its own, such as fork: these libraries are to have none of them.
callers: $(CALLERS)
.PHONY: callers
tests_support_caller_lazy_la_SOURCES = $(CALLER_SOURCES)
tests_support_caller_lazy_la_LDFLAGS = $(CALLER_LDFLAGS) -Wl,-z,lazy
tests_support_caller_now_la_SOURCES = $(CALLER_SOURCES)
tests_support_caller_now_la_LDFLAGS = $(CALLER_LDFLAGS) -Wl,-z,now -Wl,-z,relro
tests_support_caller_got_la_SOURCES = $(CALLER_SOURCES)
tests_support_caller_got_la_CFLAGS = $(AM_CFLAGS) -fno-plt
tests_support_caller_got_la_LDFLAGS = $(CALLER_LDFLAGS) -Wl,-z,lazy -Wl,-z,relro
tests_support_caller_fortified_la_SOURCES = $(CALLER_SOURCES)
tests_support_caller_fortified_la_CPPFLAGS = $(AM_CPPFLAGS) -DCALLER_FORTIFIED -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=2
tests_support_caller_fortified_la_CFLAGS = $(AM_CFLAGS) -O2
tests_support_caller_fortified_la_LDFLAGS = $(CALLER_LDFLAGS) -Wl,-z,now -Wl,-z,relro
tests_support_caller_epoll_la_SOURCES = $(CALLER_SOURCES)
tests_support_caller_epoll_la_CPPFLAGS = $(AM_CPPFLAGS) -DCALLER_EPOLL
tests_support_caller_epoll_la_LDFLAGS = $(CALLER_LDFLAGS)
# Needed by a driver, as libpq is.
tests_support_libcaller_la_SOURCES = $(CALLER_SOURCES)
tests_support_libcaller_la_LDFLAGS = -avoid-version -shared -rpath /nowhere -Wl,-z,now -Wl,-z,relro
tests_support_caller_driver_la_SOURCES = tests/support/caller_driver.c
tests_support_caller_driver_la_LDFLAGS = $(CALLER_LDFLAGS)
tests_support_caller_driver_la_LIBADD = tests/support/libcaller.la
tests_support_libcallerload_la_SOURCES = tests/support/caller_load.c tests/support/caller.h
