/* What is each database's own. The tables are made by the test, once for both runs. */
#include "system/interface/log.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct dialect dialect_postgresql = {
    .name = "postgresql",
    .login = "",
    .columns = LIST("id", "c_smallint", "c_bigint", "c_real", "c_double", "c_numeric", "c_char",
                    "c_varchar", "c_text", "c_date", "c_time", "c_timestamp", "c_binary", "c_bool",
                    "c_uuid"),
    .selects = LIST("SELECT 1 AS one", "SELECT 'text' AS a, NULL AS b, 1.5 AS c",
                    "SELECT repeat('long ', 40)", "SELECT 'gr\\00FCn' || U&'\\20AC'"),
    .mistakes = LIST(
        "SELECT nonsense", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
        "INSERT INTO parts VALUES (1, 99, 'x')", "INSERT INTO things (id) VALUES (1)",
        "DO $$BEGIN RAISE NOTICE 'a notice'; END$$", "DO $$BEGIN RAISE WARNING 'a warning'; END$$",
        "DO $$BEGIN RAISE NOTICE 'first'; RAISE WARNING 'second'; RAISE NOTICE 'third'; END$$",
        "DO $$BEGIN RAISE NOTICE '%', repeat('long ', 300); END$$",
        "DO $$BEGIN RAISE EXCEPTION '%', repeat('long ', 300) USING ERRCODE = 'P0042'; END$$",
        "SELECT n, CASE WHEN n = 15 THEN 1/(n-15) ELSE 1 END FROM counted ORDER BY n",
        "DROP TABLE IF EXISTS nowhere", "SELECT {fn UCASE('abc')}", "SELECT ?"),
    .parameters = LIST("SELECT CAST(? AS varchar)", "SELECT id FROM things WHERE id = ?"),
    .several_results = "SELECT 1; SELECT 2, 3; UPDATE things SET c_char = c_char; SELECT 4",
    .many_rows = "SELECT n FROM counted ORDER BY n",
    .slow = "SELECT pg_sleep(60)",
    .procedure_call = "{call add_one(41)}",
    .survives_bookmarks = true,
    .checks_columns = true,
};

const struct dialect dialect_mariadb = {
    .name = "mariadb",
    .login = "",
    .columns = LIST("id", "c_smallint", "c_bigint", "c_real", "c_double", "c_numeric", "c_char",
                    "c_varchar", "c_text", "c_date", "c_time", "c_timestamp", "c_binary", "c_bool"),
    .selects = LIST("SELECT 1 AS one", "SELECT 'text' AS a, NULL AS b, 1.5 AS c",
                    "SELECT repeat('long ', 40)", "SELECT CONVERT(x'67C3BC' USING utf8mb4)"),
    .mistakes =
        LIST("SELECT nonsense", "SELECT * FROM nowhere", "SELEC 1", "SELECT 1/0",
             "INSERT INTO parts VALUES (1, 99, 'x')", "INSERT INTO things (id) VALUES (1)",
             "DROP TABLE IF EXISTS nowhere", "SIGNAL SQLSTATE '45001' SET MESSAGE_TEXT = 'why'",
             "SELECT CAST('12x' AS integer)", "SELECT {fn UCASE('abc')}", "SELECT ?"),
    .parameters = LIST("SELECT CONCAT(?, '')", "SELECT id FROM things WHERE id = ?"),
    .several_results = "SELECT 1; SELECT 2, 3; UPDATE things SET c_char = c_char; SELECT 4",
    .many_rows = "SELECT n FROM counted ORDER BY n",
    /* no .slow: SQLCancel of a statement that has not begun yet leaves it locked for ever */
    .procedure_call = "{call add_one(41)}",
    .fatal_type = SQL_C_NUMERIC,
};

/* The server of the tests has no tables. */
const struct dialect dialect_tds = {
    .name = "tds",
    .login = "UID=sa;PWD=Passw0rd!;", /* FreeTDS takes it from no file */
    .selects = LIST("SELECT 1 AS one", "SELECT 'text' AS a, NULL AS b, 1.5 AS c, N'wide' AS d",
                    "SELECT replicate('long ', 40)", "SELECT 1.25e0 AS f",
                    "SELECT @@VERSION", "SELECT 9007199254740993 AS big"),
    .mistakes = LIST("SELECT nonsense", "SELEC 1", "PRINT 'a message'", "COMMIT", "SELECT ?"),
    .parameters = LIST("SELECT ?", "SELECT CAST(? AS varchar)"),
    .several_results = "SELECT 1; SELECT 2, 3; PRINT 'between'; SELECT 4",
    .many_rows = "SELECT n FROM numbers(20)",
    .slow = "WAITFOR DELAY '00:01:00'",
    .survives_bookmarks = true,
    .checks_columns = true,
};
