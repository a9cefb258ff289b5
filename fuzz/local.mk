# Fuzz targets: FUZZ_TARGET(NAME, ...), in fuzz/NAME.c unless several are alike, and inputs in fuzz/corpus/NAME/. A new target is a line here.
# `make check` replays all corpora; `make fuzz FUZZ_SECONDS=n` fuzzes each target for n seconds, with clang.
FUZZ_SOURCES = fuzz/target.c fuzz/target.h
FUZZ_SOURCES += fuzz/calls.c # the calls of a real driver that are led to a session
FUZZ_SOURCES += fuzz/certificate.c # certificates, and the verifier's rules over them
FUZZ_SOURCES += fuzz/chain.c # chains from a hostile server
FUZZ_SOURCES += fuzz/connstr.c # connection strings
FUZZ_SOURCES += fuzz/crl.c # CRLs
FUZZ_SOURCES += fuzz/crl_rows.c # the entries and the scope of a CRL
FUZZ_SOURCES += fuzz/der.c # ASN.1, and what an element can be read as
FUZZ_SOURCES += fuzz/extensions.c # the extensions and names of a path
FUZZ_SOURCES += fuzz/formats.c # certificate, key and store files: PEM, DER, PKCS\#7, PKCS\#12, JKS
FUZZ_SOURCES += fuzz/files.c # FreeTDS's servers, odbc.ini as the command reads it, libpq's passwords
FUZZ_SOURCES += fuzz/gaussdb_key.c # GaussDB's key password files
FUZZ_SOURCES += fuzz/identity.c # a client's certificate and key
FUZZ_SOURCES += fuzz/names.c # host names, and names under name constraints
FUZZ_SOURCES += fuzz/page.c # what the command shows of hostile texts
FUZZ_SOURCES += fuzz/pin.c # SslPin
FUZZ_SOURCES += fuzz/pkcs11_uri.c # PINs in URIs of tokens
FUZZ_SOURCES += fuzz/protocols.c # what servers and their drivers say before TLS and during the login; SQL Server Browser
FUZZ_SOURCES += fuzz/pqopt.c
FUZZ_SOURCES += fuzz/session.c # the engine of a session
FUZZ_SOURCES += fuzz/signature.c # keys and signatures, down to the arithmetic
FUZZ_SOURCES += fuzz/settings.c # keywords of connection strings and files, and real drivers' own syntax
FUZZ_SOURCES += fuzz/status_query.c # the report as a statement
FUZZ_SOURCES += fuzz/tds_login7.c # the server's name in LOGIN7
FUZZ_SOURCES += fuzz/tds_token.c # the server's answer to a TDS login
FUZZ_SOURCES += fuzz/text.c # UTF-8 and UTF-16
# Of the command, what the targets need.
FUZZ_SOURCES += command/advice.c command/chain.c command/findings.c command/json.c command/memory.c \
	command/odbc_section.c command/print_html.c command/print_json.c command/print_text.c command/progress.c
FUZZ_LIBS = driver/odbc/libentry.la tests/support/libpeer.la tests/support/libpki.la setup/libsetup.la $(CONN_LIBS) $(GNUTLS_LIBS) $(ODBCINST_LIBS) $(ODBC_LIBS) -lm

check_PROGRAMS += fuzz/replay
TESTS += fuzz/replay
fuzz_replay_SOURCES = fuzz/replay.c $(FUZZ_SOURCES)
fuzz_replay_LDADD = $(FUZZ_LIBS)
EXTRA_PROGRAMS += fuzz/fuzzer
fuzz_fuzzer_SOURCES = fuzz/fuzzer.c fuzz/mutate.c fuzz/mutate.h $(FUZZ_SOURCES)
fuzz_fuzzer_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_fuzzer_LDADD = $(FUZZ_LIBS)
EXTRA_DIST += fuzz/corpus fuzz/run

FUZZ_SECONDS = 60
fuzz:
	$(SHELL) '$(abs_top_srcdir)/fuzz/run' '$(abs_builddir)/build-fuzz' $(FUZZ_SECONDS) $(FUZZ_ONLY)
.PHONY: fuzz
