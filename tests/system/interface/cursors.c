/* Scrollable cursors, arrays of rows, bookmarks, changes through a cursor. */
#include <stdio.h>

#include "system/interface/log.h"

#define ROWS 4

struct row_set {
    SQLINTEGER numbers[ROWS];
    SQLLEN lengths[ROWS];
    SQLUSMALLINT status[ROWS];
    SQLULEN fetched;
};

static void log_rows(const struct row_set *rows)
{
    for (int i = 0; i < ROWS; i++)
        log_text("row %d: %d, length %ld, status %u", i, (int)rows->numbers[i],
                 (long)rows->lengths[i], rows->status[i]);
    log_text("%lu rows fetched", (unsigned long)rows->fetched);
}

static void scroll(struct run *run, struct row_set *rows)
{
    static const struct {
        SQLSMALLINT orientation;
        SQLLEN offset;
    } moves[] = {{SQL_FETCH_NEXT, 0},      {SQL_FETCH_NEXT, 0},      {SQL_FETCH_PRIOR, 0},
                 {SQL_FETCH_LAST, 0},      {SQL_FETCH_FIRST, 0},     {SQL_FETCH_ABSOLUTE, 7},
                 {SQL_FETCH_ABSOLUTE, -2}, {SQL_FETCH_RELATIVE, -3}, {SQL_FETCH_ABSOLUTE, 500},
                 {SQL_FETCH_PRIOR, 0},     {SQL_FETCH_BOOKMARK, 0},  {77, 0}};
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
        log_fill(rows, sizeof *rows);
        SQLRETURN outcome = SQLFetchScroll(run->statement, moves[i].orientation, moves[i].offset);
        log_call(SQL_HANDLE_STMT, run->statement, outcome, "SQLFetchScroll(%d, %d)",
                 moves[i].orientation, (int)moves[i].offset);
        log_rows(rows);
    }
}

static void prepare_rows(struct run *run, struct row_set *rows, SQLULEN type, SQLULEN concurrency)
{
    SQLHSTMT statement = run->statement;
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER)type, 0));
    LOG_STATEMENT(statement,
                  SQLSetStmtAttr(statement, SQL_ATTR_CONCURRENCY, (SQLPOINTER)concurrency, 0));
    LOG_STATEMENT(statement,
                  SQLSetStmtAttr(statement, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER)ROWS, 0));
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_ROW_STATUS_PTR, rows->status, 0));
    LOG_STATEMENT(statement,
                  SQLSetStmtAttr(statement, SQL_ATTR_ROWS_FETCHED_PTR, &rows->fetched, 0));
    LOG_STATEMENT(statement,
                  SQLBindCol(statement, 1, SQL_C_SLONG, rows->numbers, 0, rows->lengths));
}

static void try_cursor(struct run *run, SQLULEN type, SQLULEN concurrency)
{
    struct row_set rows = {0};
    SQLULEN actual = 77;
    log_part("cursor %lu %lu", (unsigned long)type, (unsigned long)concurrency);
    prepare_rows(run, &rows, type, concurrency);
    interface_execute(run, run->dialect->many_rows);
    SQLGetStmtAttr(run->statement, SQL_ATTR_CURSOR_TYPE, &actual, 0, NULL);
    log_text("cursor type %lu", (unsigned long)actual);
    SQLGetStmtAttr(run->statement, SQL_ATTR_CONCURRENCY, &actual, 0, NULL);
    log_text("concurrency %lu", (unsigned long)actual);
    scroll(run, &rows);
    LOG_STATEMENT(run->statement, SQLFetchScroll(run->statement, SQL_FETCH_FIRST, 0));
    LOG_STATEMENT(run->statement, SQLSetPos(run->statement, 2, SQL_POSITION, SQL_LOCK_NO_CHANGE));
    LOG_STATEMENT(run->statement, SQLSetPos(run->statement, 2, SQL_REFRESH, SQL_LOCK_NO_CHANGE));
    LOG_STATEMENT(run->statement, SQLSetPos(run->statement, 99, SQL_POSITION, SQL_LOCK_NO_CHANGE));
    LOG_STATEMENT(run->statement, SQLCloseCursor(run->statement));
    interface_renew(run);
}

static void add_rows(struct run *run)
{
    struct row_set rows = {.numbers = {201, 202, 203, 204}};
    prepare_rows(run, &rows, SQL_CURSOR_KEYSET_DRIVEN, SQL_CONCUR_ROWVER);
    interface_execute(run, "SELECT id FROM sink ORDER BY id");
    LOG_STATEMENT(run->statement, SQLBulkOperations(run->statement, SQL_ADD));
    log_rows(&rows);
    LOG_STATEMENT(run->statement, SQLBulkOperations(run->statement, 77));
    interface_renew(run);
}

/* Through a cursor over table sink. */
static void change(struct run *run)
{
    struct row_set rows = {0};
    SQLHSTMT statement = run->statement;
    log_part("cursor changes");
    interface_execute(run, "INSERT INTO sink (id) SELECT n FROM counted WHERE n <= 8");
    prepare_rows(run, &rows, SQL_CURSOR_KEYSET_DRIVEN, SQL_CONCUR_ROWVER);
    interface_execute(run, "SELECT id FROM sink ORDER BY id");
    LOG_STATEMENT(statement, SQLFetchScroll(statement, SQL_FETCH_FIRST, 0));
    log_rows(&rows);
    rows.numbers[1] = 100;
    LOG_STATEMENT(statement, SQLSetPos(statement, 2, SQL_UPDATE, SQL_LOCK_NO_CHANGE));
    LOG_STATEMENT(statement, SQLSetPos(statement, 1, SQL_DELETE, SQL_LOCK_NO_CHANGE));
    LOG_STATEMENT(statement, SQLSetPos(statement, 2, SQL_POSITION, SQL_LOCK_EXCLUSIVE));
    rows.numbers[0] = 200;
    LOG_STATEMENT(statement, SQLSetPos(statement, 1, SQL_ADD, SQL_LOCK_NO_CHANGE));
    interface_renew(run);
    add_rows(run);
    interface_execute(run, "SELECT id FROM sink ORDER BY id");
    interface_dump(run, 20);
    interface_execute(run, "DELETE FROM sink");
    interface_renew(run);
    LOG_CONNECTION(run->connection, SQLEndTran(SQL_HANDLE_DBC, run->connection, SQL_COMMIT));
}

static void bookmarks(struct run *run)
{
    struct row_set rows = {0};
    unsigned char marks[ROWS][16];
    SQLLEN mark_lengths[ROWS] = {-7, -7, -7, -7};
    SQLHSTMT statement = run->statement;
    log_part("bookmarks");
    log_fill(marks, sizeof marks);
    prepare_rows(run, &rows, SQL_CURSOR_STATIC, SQL_CONCUR_READ_ONLY);
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_USE_BOOKMARKS,
                                            (SQLPOINTER)SQL_UB_VARIABLE, 0));
    LOG_STATEMENT(statement, SQLBindCol(statement, 0, SQL_C_VARBOOKMARK, marks, 16, mark_lengths));
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_FETCH_BOOKMARK_PTR, marks[2], 0));
    interface_execute(run, run->dialect->many_rows);
    LOG_STATEMENT(statement, SQLFetchScroll(statement, SQL_FETCH_ABSOLUTE, 3));
    log_bytes("bookmarks", marks, sizeof marks);
    LOG_STATEMENT(statement, SQLFetchScroll(statement, SQL_FETCH_LAST, 0));
    LOG_STATEMENT(statement, SQLFetchScroll(statement, SQL_FETCH_BOOKMARK, 1));
    log_rows(&rows);
    LOG_STATEMENT(statement, SQLBulkOperations(statement, SQL_FETCH_BY_BOOKMARK));
    log_rows(&rows);
    interface_renew(run);
}

static void extended_fetch(struct run *run)
{
    struct row_set rows = {0};
    SQLULEN fetched = 77;
    SQLUSMALLINT status[ROWS] = {77, 77, 77, 77};
    SQLHSTMT statement = run->statement;
    log_part("extended fetch");
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ATTR_CURSOR_TYPE,
                                            (SQLPOINTER)SQL_CURSOR_STATIC, 0));
    LOG_STATEMENT(statement, SQLSetStmtAttr(statement, SQL_ROWSET_SIZE, (SQLPOINTER)ROWS, 0));
    LOG_STATEMENT(statement, SQLBindCol(statement, 1, SQL_C_SLONG, rows.numbers, 0, rows.lengths));
    interface_execute(run, run->dialect->many_rows);
    LOG_STATEMENT(statement, SQLExtendedFetch(statement, SQL_FETCH_NEXT, 0, &fetched, status));
    LOG_STATEMENT(statement, SQLExtendedFetch(statement, SQL_FETCH_LAST, 0, &fetched, status));
    log_text("%lu fetched, status %u %u %u %u", (unsigned long)fetched, status[0], status[1],
             status[2], status[3]);
    log_rows(&rows);
    interface_renew(run);
}

/* Whether the driver manager maps it depends on the real driver. */
static void scroll_options(struct run *run)
{
    static const SQLLEN keysets[] = {SQL_SCROLL_FORWARD_ONLY, SQL_SCROLL_STATIC,
                                     SQL_SCROLL_KEYSET_DRIVEN, SQL_SCROLL_DYNAMIC, 50};
    SQLULEN actual = 77;
    SQLHSTMT statement = run->statement;
    log_part("scroll options");
    for (size_t i = 0; i < sizeof keysets / sizeof *keysets; i++) {
        SQLRETURN outcome = SQLSetScrollOptions(statement, SQL_CONCUR_READ_ONLY, keysets[i], ROWS);
        log_call(SQL_HANDLE_STMT, statement, outcome, "SQLSetScrollOptions(%d)", (int)keysets[i]);
        SQLGetStmtAttr(statement, SQL_ATTR_CURSOR_TYPE, &actual, 0, NULL);
        log_text("cursor type %lu", (unsigned long)actual);
        SQLGetStmtAttr(statement, SQL_ROWSET_SIZE, &actual, 0, NULL);
        log_text("rowset size %lu", (unsigned long)actual);
    }
    interface_renew(run);
}

void interface_cursors(struct run *run)
{
    for (SQLULEN type = SQL_CURSOR_FORWARD_ONLY; type <= SQL_CURSOR_STATIC; type++)
        for (SQLULEN concurrency = SQL_CONCUR_READ_ONLY; concurrency <= SQL_CONCUR_VALUES;
             concurrency++)
            try_cursor(run, type, concurrency);
    if (run->dialect->survives_bookmarks)
        bookmarks(run);
    extended_fetch(run);
    scroll_options(run);
    if (run->dialect->columns != NULL)
        change(run);
}
