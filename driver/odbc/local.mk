# The entry points, and the two drivers made of them: libodbcssl.so exports the ANSI and the wide ones,
# libodbcssla.so only the ANSI ones.
noinst_LTLIBRARIES += driver/odbc/libentry.la
driver_odbc_libentry_la_SOURCES = \
	driver/odbc/attributes.c \
	driver/odbc/call.c driver/odbc/call.h \
	driver/odbc/cancel.c \
	driver/odbc/connect.c \
	driver/odbc/copy_descriptor.c \
	driver/odbc/records.c \
	driver/odbc/execute.c \
	driver/odbc/forward.c \
	driver/odbc/supported.c \
	driver/odbc/allocate.c \
	driver/odbc/info.c \
	driver/odbc/status_query.c driver/odbc/status_query.h \
	driver/odbc/strings.c driver/odbc/strings.h

# -Bsymbolic: the driver manager's functions of the same names come first in the process.
# nodelete: neither our threads nor GnuTLS survive dlclose. Never linked to libodbc.
DRIVER_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,-Bsymbolic -Wl,-z,nodelete
if !SANITIZERS
DRIVER_LDFLAGS += -Wl,-z,defs
endif

odbc_LTLIBRARIES += driver/odbc/libodbcssl.la driver/odbc/libodbcssla.la
driver_odbc_libodbcssl_la_SOURCES =
driver_odbc_libodbcssl_la_LIBADD = driver/odbc/libentry.la $(CONN_LIBS)
driver_odbc_libodbcssl_la_LDFLAGS = $(DRIVER_LDFLAGS) \
	-Wl,--version-script=driver/odbc/exports-all.map
EXTRA_driver_odbc_libodbcssl_la_DEPENDENCIES = driver/odbc/exports-all.map
driver_odbc_libodbcssla_la_SOURCES =
driver_odbc_libodbcssla_la_LIBADD = $(driver_odbc_libodbcssl_la_LIBADD)
driver_odbc_libodbcssla_la_LDFLAGS = $(DRIVER_LDFLAGS) \
	-Wl,--version-script=driver/odbc/exports-ansi.map
EXTRA_driver_odbc_libodbcssla_la_DEPENDENCIES = driver/odbc/exports-ansi.map

# By the absence of the wide functions the driver manager sees that the real driver has none.
driver/odbc/exports-%.map: driver/dispatch/functions.def build-aux/make-exports
	$(AM_V_GEN)$(MKDIR_P) driver/odbc && $(top_srcdir)/build-aux/make-exports $* $< >$@.new && mv $@.new $@
CLEANFILES += driver/odbc/exports-all.map driver/odbc/exports-ansi.map
EXTRA_DIST += build-aux/make-exports
