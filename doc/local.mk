# odbcssl.7 is made from its template and the tables that the program is made of.
noinst_PROGRAMS += doc/make-man
doc_make_man_SOURCES = doc/make_man.c
doc_make_man_LDADD = driver/config/libconfig.la driver/base/libbase.la

nodist_man_MANS += doc/odbcssl.7
doc/odbcssl.7: doc/odbcssl.7.in doc/make-man$(EXEEXT)
	$(AM_V_GEN)doc/make-man$(EXEEXT) $(srcdir)/doc/odbcssl.7.in >$@.new && mv $@.new $@
CLEANFILES += doc/odbcssl.7 doc/odbcssl.7.new
EXTRA_DIST += doc/odbcssl.7.in
EXTRA_DIST += doc/architecture.md doc/adding-a-database.md
dist_doc_DATA += doc/gaussdb.md doc/apsaradb.md doc/moving.md doc/certificates.md doc/errors.md doc/security.md \
	doc/reading-the-report.md

# errors.md is read in the source tree, so it is kept there; tests/unit/documents compares it with what this prints:
#   make doc/make-errors && doc/make-errors >SOURCE/doc/errors.md
noinst_PROGRAMS += doc/make-errors
doc_make_errors_SOURCES = doc/make_errors.c command/advice.c command/advice.h command/advice.def
doc_make_errors_LDADD =
