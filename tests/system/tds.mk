# The TDS server of the tests is itself tested with foreign clients.
TESTS += tests/system/tds-peers
dist_check_SCRIPTS += tests/system/tds-peers
EXTRA_DIST += tests/support/tedious/client.js tests/support/tedious/package-lock.json \
	tests/support/tedious/package.json tests/support/tedious/records.js
