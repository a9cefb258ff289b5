# Unit tests of driver/config.
check_PROGRAMS += tests/unit/test-config
TESTS += tests/unit/test-config
tests_unit_test_config_SOURCES = \
	tests/unit/test_config.h \
	tests/unit/test_config_connstr.c \
	tests/unit/test_config_files.c \
	tests/unit/test_config_keys.c \
	tests/unit/test_config_settings.c
tests_unit_test_config_LDADD = tests/support/libsuite.la $(CONFIG_LIBS) $(CUNIT_LIBS)

# The setup library, through the real libodbcinst.
check_PROGRAMS += tests/unit/test-setup
TESTS += tests/unit/test-setup
tests_unit_test_setup_SOURCES = tests/unit/test_setup.c
tests_unit_test_setup_LDADD = tests/support/libsuite.la $(CONFIG_LIBS) $(ODBCINST_LIBS) $(CUNIT_LIBS)
EXTRA_tests_unit_test_setup_DEPENDENCIES = setup/libodbcsslS.la

# The sample files.
check_PROGRAMS += tests/unit/test-samples
TESTS += tests/unit/test-samples
tests_unit_test_samples_SOURCES = tests/unit/test_samples.c
tests_unit_test_samples_LDADD = tests/support/libsuite.la $(CONFIG_LIBS) $(CUNIT_LIBS)
