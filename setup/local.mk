# The driver manager's files on the disk, for the setup library and the command.
noinst_LTLIBRARIES += setup/libsetup.la
setup_libsetup_la_SOURCES = \
	setup/odbc_change.c setup/odbc_change.h \
	setup/odbc_files.c setup/odbc_files.h

# libodbcsslS.so: what ODBC administrators load to show, check and write odbcssl's keywords.
odbc_LTLIBRARIES += setup/libodbcsslS.la
setup_libodbcsslS_la_SOURCES = \
	setup/config.c \
	setup/properties.c
setup_libodbcsslS_la_LIBADD = setup/libsetup.la driver/config/libconfig.la driver/base/libbase.la $(ODBCINST_LIBS)
# nodelete: unixODBC unloads it while it still uses its strings.
setup_libodbcsslS_la_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared \
	-Wl,-z,nodelete -Wl,-Bsymbolic -Wl,--version-script=$(srcdir)/setup/exports.map
if !SANITIZERS
setup_libodbcsslS_la_LDFLAGS += -Wl,-z,defs
endif
EXTRA_setup_libodbcsslS_la_DEPENDENCIES = setup/exports.map
EXTRA_DIST += setup/exports.map
