# Errors, buffers, text, files, clock, trace, report. Depends on nothing.
noinst_LTLIBRARIES += driver/base/libbase.la
driver_base_libbase_la_SOURCES = \
	driver/base/array.h driver/base/buffer.c driver/base/buffer.h \
	driver/base/clock.c driver/base/clock.h driver/base/databases.def \
	driver/base/error.c driver/base/error.h driver/base/errors.def driver/base/warnings.def \
	driver/base/file.c driver/base/file.h \
	driver/base/fork.c driver/base/fork.h \
	driver/base/current_guard.c driver/base/current_guard.h driver/base/keys.def \
	driver/base/limits.c driver/base/limits.h \
	driver/base/log.c driver/base/log.h \
	driver/base/options.c driver/base/options.h \
	driver/base/report.c driver/base/report.h driver/base/info.def \
	driver/base/scratch.c driver/base/scratch.h \
	driver/base/sparse.c driver/base/sparse.h \
	driver/base/text.c driver/base/text.h
driver_base_libbase_la_LIBADD = $(GNUTLS_LIBS)
