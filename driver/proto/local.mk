# How each database switches to TLS and logs in: state machines without I/O. Depends on base.
noinst_LTLIBRARIES += driver/proto/libproto.la
driver_proto_libproto_la_SOURCES =
driver_proto_libproto_la_SOURCES += driver/proto/direct.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_greeting.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_login.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_packet.c driver/proto/mysql_packet.h
driver_proto_libproto_la_SOURCES += driver/proto/mysql_password.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_redirect.c
driver_proto_libproto_la_SOURCES += driver/proto/mysql_state.h
driver_proto_libproto_la_SOURCES += driver/proto/postgres.c
driver_proto_libproto_la_SOURCES += driver/proto/proto.c driver/proto/proto.h
driver_proto_libproto_la_SOURCES += driver/proto/stranger.c driver/proto/stranger.h
driver_proto_libproto_la_SOURCES += driver/proto/tds.c
driver_proto_libproto_la_SOURCES += driver/proto/tds_browser.c driver/proto/tds_browser.h
driver_proto_libproto_la_SOURCES += driver/proto/tds_login.c
driver_proto_libproto_la_SOURCES += driver/proto/tds_login7.c driver/proto/tds_login7.h
driver_proto_libproto_la_SOURCES += driver/proto/tds_packet.c driver/proto/tds_packet.h
driver_proto_libproto_la_SOURCES += driver/proto/tds_prelogin.c driver/proto/tds_prelogin.h
driver_proto_libproto_la_SOURCES += driver/proto/tds_state.h
driver_proto_libproto_la_SOURCES += driver/proto/tds_switch.c
driver_proto_libproto_la_SOURCES += driver/proto/tds_token.c driver/proto/tds_token.h

