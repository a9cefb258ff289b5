# System tests: real servers, the real driver manager, other people's test suites.
include tests/system/pkits.mk
