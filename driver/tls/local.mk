# TLS: formats, trust, keys, credentials, revocation lists, verification, sessions. Depends on base.
noinst_LTLIBRARIES += driver/tls/libtls.la
driver_tls_libtls_la_SOURCES = \
	driver/tls/certificate.c driver/tls/certificate.h \
	driver/tls/crl.h \
	driver/tls/crl_index.c \
	driver/tls/crl_parts.h \
	driver/tls/crl_read.c \
	driver/tls/crl_scope.c \
	driver/tls/crl_set.c \
	driver/tls/crl_sign.c \
	driver/tls/der.c driver/tls/der.h \
	driver/tls/verify.c driver/tls/verify.h \
	driver/tls/verify_names.c driver/tls/verify_names.h \
	driver/tls/verify_names_match.c \
	driver/tls/verify_outcome.c \
	driver/tls/verify_parts.h \
	driver/tls/verify_path.c \
	driver/tls/verify_peer.c \
	driver/tls/verify_policy.c \
	driver/tls/verify_revocation.c \
	driver/tls/verify_rules.c
driver_tls_libtls_la_SOURCES =
driver_tls_libtls_la_SOURCES += driver/tls/asn1.c driver/tls/asn1.h
driver_tls_libtls_la_SOURCES += driver/tls/content.c driver/tls/content.h
driver_tls_libtls_la_SOURCES += driver/tls/credentials.c driver/tls/credentials.h
driver_tls_libtls_la_SOURCES += driver/tls/credentials_load.c driver/tls/credentials_load.h
driver_tls_libtls_la_SOURCES += driver/tls/crl.h driver/tls/crl_parts.h
driver_tls_libtls_la_SOURCES += driver/tls/crl_index.c
driver_tls_libtls_la_SOURCES += driver/tls/crl_read.c
driver_tls_libtls_la_SOURCES += driver/tls/crl_scope.c
driver_tls_libtls_la_SOURCES += driver/tls/crl_set.c
driver_tls_libtls_la_SOURCES += driver/tls/crl_sign.c
driver_tls_libtls_la_SOURCES += driver/tls/der.c driver/tls/der.h
driver_tls_libtls_la_SOURCES += driver/tls/folder.c driver/tls/folder.h
driver_tls_libtls_la_SOURCES += driver/tls/formats.c driver/tls/formats.h
driver_tls_libtls_la_SOURCES += driver/tls/gaussdb_key.c driver/tls/gaussdb_key.h
driver_tls_libtls_la_SOURCES += driver/tls/jks.c driver/tls/jks.h
driver_tls_libtls_la_SOURCES += driver/tls/keyfile.c driver/tls/keyfile.h
driver_tls_libtls_la_SOURCES += driver/tls/material.c driver/tls/material.h
driver_tls_libtls_la_SOURCES += driver/tls/pbe.c driver/tls/pbe.h
driver_tls_libtls_la_SOURCES += driver/tls/pem.c driver/tls/pem.h
driver_tls_libtls_la_SOURCES += driver/tls/pkcs12.c driver/tls/pkcs12.h
driver_tls_libtls_la_SOURCES += driver/tls/pkcs7.c driver/tls/pkcs7.h
driver_tls_libtls_la_SOURCES += driver/tls/private_key.c driver/tls/private_key.h
driver_tls_libtls_la_SOURCES += driver/tls/store.c driver/tls/store.h
driver_tls_libtls_la_SOURCES += driver/tls/token.c driver/tls/token.h
driver_tls_libtls_la_SOURCES += driver/tls/trust.c driver/tls/trust.h
driver_tls_libtls_la_SOURCES += driver/tls/watch.c driver/tls/watch.h
driver_tls_libtls_la_LIBADD = driver/base/libbase.la $(GNUTLS_LIBS)
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
