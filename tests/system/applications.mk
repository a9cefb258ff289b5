# Applications over an odbcssl data source and a native one.
check_PROGRAMS += tests/system/test-applications
TESTS += tests/system/test-applications
tests_system_test_applications_SOURCES = tests/system/test_applications.c $(SYSTEM_FIXTURE)
tests_system_test_applications_LDADD = $(SYSTEM_LIBS)
EXTRA_DIST += tests/applications/canonical.php tests/applications/canonical.py \
	tests/applications/isql.sh tests/applications/libreoffice.py tests/applications/odbc.php \
	tests/applications/pdo.php tests/applications/perl.pl tests/applications/python.py \
	tests/applications/qt.py tests/applications/rodbc.R tests/applications/statements
