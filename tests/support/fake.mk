# Fake real drivers, and the driver with a connection layer that needs no relay, for tests of the ODBC
# interface. -rpath makes shared objects of what is not installed.
FAKE_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -rpath /nowhere -Wl,-Bsymbolic

check_LTLIBRARIES += tests/support/fake.la tests/support/fakea.la tests/support/fakew.la \
	tests/support/hollow.la
FAKE_SOURCES = tests/support/fake_driver.c tests/support/fake_driver.h \
	tests/support/fake_internal.h tests/support/fake_texts.h
tests_support_fake_la_SOURCES = $(FAKE_SOURCES) tests/support/fake_ansi.c \
	tests/support/fake_wide.c
tests_support_fake_la_LDFLAGS = $(FAKE_LDFLAGS)
tests_support_fakea_la_SOURCES = $(FAKE_SOURCES) tests/support/fake_ansi.c
tests_support_fakea_la_LDFLAGS = $(FAKE_LDFLAGS)
tests_support_fakew_la_SOURCES = $(FAKE_SOURCES) tests/support/fake_wide.c
tests_support_fakew_la_LDFLAGS = $(FAKE_LDFLAGS)
# No functions of its own, but linked to a library that has them, as a driver linked to libodbc is.
tests_support_hollow_la_SOURCES = tests/support/hollow_driver.c
tests_support_hollow_la_LDFLAGS = $(FAKE_LDFLAGS)
tests_support_hollow_la_LIBADD = $(ODBC_LIBS)

check_LTLIBRARIES += tests/support/libfakeaccess.la
tests_support_libfakeaccess_la_SOURCES = tests/support/fake_access.c tests/support/fake_driver.h

check_LTLIBRARIES += tests/support/libstubconn.la
tests_support_libstubconn_la_SOURCES = tests/support/stub_conn.c tests/support/stub_conn.h

STUB_LIBS = driver/odbc/libentry.la tests/support/libstubconn.la driver/dispatch/libdispatch.la \
	driver/config/libconfig.la \
	driver/base/libbase.la
check_LTLIBRARIES += tests/support/stub.la tests/support/stuba.la
tests_support_stub_la_SOURCES =
tests_support_stub_la_LIBADD = $(STUB_LIBS) $(ODBCINST_LIBS)
tests_support_stub_la_LDFLAGS = $(DRIVER_LDFLAGS) -rpath /nowhere \
	-Wl,--version-script=driver/odbc/exports-all.map
EXTRA_tests_support_stub_la_DEPENDENCIES = driver/odbc/exports-all.map
tests_support_stuba_la_SOURCES =
tests_support_stuba_la_LIBADD = $(STUB_LIBS) $(ODBCINST_LIBS)
tests_support_stuba_la_LDFLAGS = $(DRIVER_LDFLAGS) -rpath /nowhere \
	-Wl,--version-script=driver/odbc/exports-ansi.map
EXTRA_tests_support_stuba_la_DEPENDENCIES = driver/odbc/exports-ansi.map

check_LTLIBRARIES += tests/support/libprivateodbc.la
tests_support_libprivateodbc_la_SOURCES = tests/support/private_odbc.c tests/support/private_odbc.h

check_LTLIBRARIES += tests/support/libodbcfixture.la
tests_support_libodbcfixture_la_SOURCES = tests/support/odbc_fixture.c tests/support/odbc_fixture.h
