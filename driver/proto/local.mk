# How each database switches to TLS and logs in.
noinst_LTLIBRARIES += driver/proto/libproto.la
driver_proto_libproto_la_SOURCES =
driver_proto_libproto_la_SOURCES += driver/proto/direct.c
driver_proto_libproto_la_SOURCES += driver/proto/postgres.c
driver_proto_libproto_la_SOURCES += driver/proto/postgres_messages.c
driver_proto_libproto_la_SOURCES += driver/proto/postgres_messages.h
driver_proto_libproto_la_SOURCES += driver/proto/proto.c
driver_proto_libproto_la_SOURCES += driver/proto/proto.h
