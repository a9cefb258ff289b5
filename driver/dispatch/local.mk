# Loading the real driver, and the handles that wrap its own.
noinst_LTLIBRARIES += driver/dispatch/libdispatch.la
driver_dispatch_libdispatch_la_SOURCES = \
	driver/dispatch/saved_attributes.c \
	driver/dispatch/diagnostics.c \
	driver/dispatch/driver.c driver/dispatch/driver.h driver/dispatch/functions.def \
	driver/dispatch/handles.c driver/dispatch/handles.h \
	driver/dispatch/real.c \
	driver/dispatch/live_handles.c driver/dispatch/live_handles.h
