# TLS: sessions, trust, revocation lists, verification, key files. Depends on base.
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
driver_tls_libtls_la_LIBADD = driver/base/libbase.la $(GNUTLS_LIBS)
