# The TLS session, trust anchors, CRLs, keys and the verification of chains.
noinst_LTLIBRARIES += driver/tls/libtls.la
driver_tls_libtls_la_SOURCES =
driver_tls_libtls_la_LIBADD = $(GNUTLS_LIBS)
driver_tls_libtls_la_SOURCES += driver/tls/session.c
driver_tls_libtls_la_SOURCES += driver/tls/session.h
driver_tls_libtls_la_SOURCES += driver/tls/session_internal.h
driver_tls_libtls_la_SOURCES += driver/tls/session_error.c
driver_tls_libtls_la_SOURCES += driver/tls/session_report.c
driver_tls_libtls_la_SOURCES += driver/tls/session_verify.c
