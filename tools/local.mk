# Scripts.
EXTRA_DIST += tools/analyze tools/build tools/check tools/coverage tools/demo tools/install-packages tools/packages
EXTRA_DIST += build-aux/check-layers

# Folders depend downwards only; the packages say what the source says.
check-local:
	$(top_srcdir)/build-aux/check-layers $(top_srcdir)
	$(top_srcdir)/build-aux/check-packaging $(top_srcdir)

# Which lines the tests run, in a build folder of its own.
coverage:
	$(SHELL) '$(abs_top_srcdir)/tools/coverage' '$(abs_builddir)/build-coverage' $(COVERAGE_TESTS)
.PHONY: coverage
