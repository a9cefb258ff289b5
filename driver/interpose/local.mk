# TLS in the caller's thread: the slots of the real driver's libraries, and what they are led to.
noinst_LTLIBRARIES += driver/interpose/libinterpose.la
driver_interpose_libinterpose_la_SOURCES = \
	driver/interpose/calls.c driver/interpose/carried.def \
	driver/interpose/descriptors.c driver/interpose/descriptors.h \
	driver/interpose/guard.c driver/interpose/guard.h \
	driver/interpose/interpose.h \
	driver/interpose/interposition.c driver/interpose/interposition.h \
	driver/interpose/libraries.c driver/interpose/libraries.h \
	driver/interpose/slots.c driver/interpose/slots.h \
	driver/interpose/wait.c
