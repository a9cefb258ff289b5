# Scripts.
EXTRA_DIST += tools/analyze tools/build tools/check tools/demo tools/install-packages tools/packages
EXTRA_DIST += build-aux/check-layers

# Folders depend downwards only; the packages say what the source says.
check-local:
	$(top_srcdir)/build-aux/check-layers $(top_srcdir)
	$(top_srcdir)/build-aux/check-packaging $(top_srcdir)
