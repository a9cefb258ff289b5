# One connection's life.
noinst_LTLIBRARIES += driver/conn/libconn.la
driver_conn_libconn_la_SOURCES = driver/conn/conn.c driver/conn/conn.h
