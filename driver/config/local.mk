# Connection strings, odbc.ini and odbcinst.ini, and the keywords: one row each in base/keys.def.
noinst_LTLIBRARIES += driver/config/libconfig.la
driver_config_libconfig_la_SOURCES = \
	driver/config/aliases.def \
	driver/config/connstr.c driver/config/connstr.h \
	driver/config/defaults.c driver/config/defaults.h \
	driver/config/encrypt.c driver/config/encrypt.h \
	driver/config/ini.c driver/config/ini.h \
	driver/config/keys.c driver/config/keys.h \
	driver/config/places.c driver/config/places.h \
	driver/config/settings.c driver/config/settings.h \
	driver/config/target.c driver/config/target.h
driver_config_libconfig_la_LIBADD = $(ODBCINST_LIBS)
