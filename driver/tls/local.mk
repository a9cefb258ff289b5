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
# TLS: trust, certificates, keys, CRLs, verification, sessions. Uses base.
noinst_LTLIBRARIES += driver/tls/libtls.la
driver_tls_libtls_la_SOURCES =
driver_tls_libtls_la_LIBADD = $(GNUTLS_LIBS)
driver_tls_libtls_la_SOURCES += driver/tls/asn1.c driver/tls/asn1.h
driver_tls_libtls_la_SOURCES += driver/tls/content.c driver/tls/content.h
driver_tls_libtls_la_SOURCES += driver/tls/formats.c driver/tls/formats.h
driver_tls_libtls_la_SOURCES += driver/tls/jks.c driver/tls/jks.h
driver_tls_libtls_la_SOURCES += driver/tls/material.c driver/tls/material.h
driver_tls_libtls_la_SOURCES += driver/tls/pbe.c driver/tls/pbe.h
driver_tls_libtls_la_SOURCES += driver/tls/pem.c driver/tls/pem.h
driver_tls_libtls_la_SOURCES += driver/tls/pkcs12.c driver/tls/pkcs12.h
driver_tls_libtls_la_SOURCES += driver/tls/pkcs7.c driver/tls/pkcs7.h
driver_tls_libtls_la_SOURCES += driver/tls/store.c driver/tls/store.h
