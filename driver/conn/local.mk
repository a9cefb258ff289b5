# One connection's life. Depends on all below.
noinst_LTLIBRARIES += driver/conn/libconn.la
driver_conn_libconn_la_SOURCES = \
	driver/conn/conn.c driver/conn/conn.h \
	driver/conn/freetds_conf.c driver/conn/freetds_conf.h \
	driver/conn/link.c driver/conn/link.h \
	driver/conn/output.c driver/conn/output.h \
	driver/conn/pgpass.c driver/conn/pgpass.h \
	driver/conn/pgservice.c driver/conn/pgservice.h \
	driver/conn/plan.c driver/conn/plan.h \
	driver/conn/pqopt.c driver/conn/pqopt.h \
	driver/conn/profile_mysql.c \
	driver/conn/profile_postgresql.c \
	driver/conn/profile_tds.c \
	driver/conn/profile_unknown.c \
	driver/conn/profiles.c driver/conn/profiles.h \
	driver/conn/transport.c driver/conn/transport.h
