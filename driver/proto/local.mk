# How each database switches to TLS: state machines without I/O. Depends on base.
noinst_LTLIBRARIES += driver/proto/libproto.la
driver_proto_libproto_la_SOURCES = driver/proto/proto.h
driver_proto_libproto_la_SOURCES += driver/proto/mysql.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_greeting.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_login.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_packet.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_packet.h
driver_proto_libproto_la_SOURCES += driver/proto/mysql_password.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_password.h
driver_proto_libproto_la_SOURCES += driver/proto/mysql_state.h
driver_proto_libproto_la_LIBADD = driver/base/libbase.la
