# What packages are made from: debian/ (dpkg-buildpackage -b) and the RPM's spec (rpmbuild -ta).
EXTRA_DIST += packaging/odbcssl.spec build-aux/check-packaging
EXTRA_DIST += debian/changelog debian/control debian/copyright debian/libodbcssl-dev.install debian/odbcssl.README.Debian \
	debian/odbcssl.dirs debian/odbcssl.install debian/rules debian/source/format
EXTRA_DIST += tests/packages/debian tests/packages/rpm
