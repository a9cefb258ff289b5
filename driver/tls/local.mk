# TLS: sessions, trust, revocation lists, verification, key files. Depends on base.
noinst_LTLIBRARIES += driver/tls/libtls.la
driver_tls_libtls_la_SOURCES = \
	driver/tls/crl.h \
	driver/tls/crl_index.c \
	driver/tls/crl_parts.h \
	driver/tls/crl_read.c \
	driver/tls/crl_scope.c \
	driver/tls/crl_set.c \
	driver/tls/crl_sign.c \
	driver/tls/der.c driver/tls/der.h
driver_tls_libtls_la_LIBADD = driver/base/libbase.la $(GNUTLS_LIBS)
