/* test_base.c - errors, text, buffers, dates, forks, files and logs do what all else builds on. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/sparse.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/fork.h"
#include "base/log.h"
#include "base/report.h"
#include "base/text.h"
#include "support/suite.h"

/* ---- errors ---- */

CASE("the first error wins")
{
    struct error error = {0};
    error_set(&error, ODBCSSL_ERROR_REVOKED, "revoked %d", 1);
    error_set(&error, ODBCSSL_ERROR_HANDSHAKE, "handshake");
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_REVOKED);
    CHECK_TEXT(error.text, "revoked 1");
    CHECK_TEXT(error_sqlstate(error.code), "08001");
}

CASE("a long error is cut between characters")
{
    char text[ERROR_TEXT_SIZE * 2 + 1] = "x";
    for (size_t i = 1; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA4", 2);
    text[sizeof text - 1] = '\0';
    struct error error = {0};
    error_set(&error, ODBCSSL_ERROR_HOST, "%s", text);
    size_t length = strlen(error.text);
    CHECK(length < ERROR_TEXT_SIZE);
    CHECK_NUMBER(length % 2, 1); /* one byte, then whole pairs */
}

CASE("text from outside is made printable")
{
    char out[64];
    static const struct {
        const char *text;
        const char *shown;
    } rows[] = {
        {"a\nb\x1b[2J\xff\xC3\xA4", "a\\u000Ab\\u001B[2J\\xFF\xC3\xA4"},
        {"\x7f|\xC2\x85|\xC2\x9B", "\\u007F|\\u0085|\\u009B"}, /* C0 and C1 */
        {"\xE2\x80\xAE"
         "moc.live\xE2\x81\xA9",
         "\\u202Emoc.live\\u2069"}, /* direction */
        {"a\xE2\x80\x8B"
         "b\xC2\xAD"
         "c\xEF\xBB\xBF",
         "a\\u200Bb\\u00ADc\\uFEFF"},
        {"x\xE2\x80\xA8y\xE2\x80\xA9z", "x\\u2028y\\u2029z"}, /* lines */
        {"\xF3\xA0\x81\x81tag", "\\uE0041tag"},
        {"\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_TEXT(error_printable(rows[i].text, strlen(rows[i].text), out, sizeof out),
                   rows[i].shown);
    CHECK_TEXT(error_printable("ab\ncd", 5, out, 8), "ab");
    CHECK_TEXT(error_printable("abcdef", 6, out, 4), "abc");
}

CASE("each code has its SQLSTATE")
{
    CHECK_TEXT(error_sqlstate(ODBCSSL_ERROR_KEYWORD_UNKNOWN), "HY092");
    CHECK_TEXT(error_sqlstate(ODBCSSL_ERROR_KEYWORD_VALUE), "HY024");
    CHECK_TEXT(error_sqlstate(ODBCSSL_ERROR_DRIVER_LOAD), "IM003");
    CHECK_TEXT(error_sqlstate(ODBCSSL_ERROR_TRUNCATED), "08S01");
    CHECK_TEXT(error_sqlstate(ODBCSSL_WARNING_FALLBACK), "01000");
}

SUITE("error", NULL, NULL)

/* ---- fork ---- */

/* In a child whose parent was made by fork, too: 0 when it tells both from itself. */
static int look_in_grandchild(unsigned oldest, unsigned parents)
{
    unsigned ours = fork_generation();
    return fork_is_inherited(oldest) && fork_is_inherited(parents) && !fork_is_inherited(ours) ? 0
                                                                                               : 1;
}

static int look_in_child(unsigned oldest)
{
    int status = -1;
    unsigned ours = fork_generation();
    pid_t child = fork();
    if (child == 0)
        _exit(look_in_grandchild(oldest, ours));
    bool is_told = waitpid(child, &status, 0) == child && status == 0;
    return is_told && fork_is_inherited(oldest) && !fork_is_inherited(ours) ? 0 : 1;
}

CASE("a child knows what its parents made")
{
    int status = -1;
    unsigned ours = fork_generation();
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(look_in_child(ours));
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_NUMBER(status, 0);
    CHECK(!fork_is_inherited(ours)); /* the parent's own stays */
}

SUITE("fork", NULL, NULL)

/* ---- text ---- */

static const struct {
    const char *utf8;
    uint16_t utf16[8];
} texts[] = {
    {"", {0}},
    {"A\xC3\xA4", {'A', 0xE4, 0}},
    {"\xE2\x82\xAC", {0x20AC, 0}},
    {"\xF0\x9F\x94\x92!", {0xD83D, 0xDD12, '!', 0}},
};

CASE("UTF-8 and UTF-16 round trip")
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t length;
        uint16_t *wide = text_to_utf16(texts[i].utf8, strlen(texts[i].utf8), &length);
        CHECK_NUMBER(length, text_utf16_length(texts[i].utf16));
        CHECK(memcmp(wide, texts[i].utf16, (length + 1) * sizeof *wide) == 0);
        char *back = text_to_utf8(wide, length, NULL);
        CHECK_TEXT(back, texts[i].utf8);
        free(back);
        free(wide);
    }
}

CASE("broken UTF becomes U+FFFD")
{
    static const char *const broken[] = {"\xC3", "\xE2\x82", "\xED\xA0\x80", "\xC0\x80", "\xFF"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        uint16_t *wide = text_to_utf16(broken[i], strlen(broken[i]), NULL);
        CHECK_NUMBER(wide[0], 0xFFFD);
        free(wide);
    }
    const uint16_t lone[] = {0xD83D, 'x'};
    char *text = text_to_utf8(lone, 2, NULL);
    CHECK_TEXT(text, "\xEF\xBF\xBDx");
    free(text);
}

CASE("a cut never splits a character")
{
    char out[4];
    uint16_t wide_out[2];
    CHECK(!text_copy_utf8("ab\xC3\xA4", out, sizeof out));
    CHECK_TEXT(out, "ab");
    CHECK_NUMBER(text_convert_utf16("\xF0\x9F\x94\x92!", 5, wide_out, 2), 3);
    CHECK_NUMBER(wide_out[0], 0);
    CHECK_NUMBER(text_convert_utf16("a!", 2, wide_out, 2), 2);
    CHECK(wide_out[0] == 'a' && wide_out[1] == 0);
    CHECK_NUMBER(text_convert_utf16("a!", 2, NULL, 0), 2);
    CHECK(text_copy_utf8("abc", out, sizeof out));
}

CASE("numbers are whole and in range")
{
    unsigned long number = 7;
    CHECK(text_parse_number("65535", 65535, &number));
    CHECK_NUMBER(number, 65535);
    static const char *const wrong[] = {
        "", "65536", "-1", "+1", "1x", " 1", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!text_parse_number(wrong[i], 65535, &number));
}

CASE("hexadecimal")
{
    char out[16];
    text_hex("\x0A\x3F", 2, ':', out, sizeof out);
    CHECK_TEXT(out, "0A:3F");
    text_hex("\x0A\x3F\xFF", 3, '\0', out, 7);
    CHECK_TEXT(out, "0A3FFF");
    text_hex("\x0A\x3F\xFF", 3, ':', out, 9);
    CHECK_TEXT(out, "0A:3F:FF");
    text_hex("\x0A\x3F\xFF", 3, ':', out, 8);
    CHECK_TEXT(out, "0A:3F");
    text_hex("\x0A\x3F\xFF", 3, '\0', out, 6);
    CHECK_TEXT(out, "0A3F"); /* what does not fit is left out whole */
    text_hex("\x0A\x3F\xFF", 3, '\0', out, 7);
    CHECK_TEXT(out, "0A3FFF");
    text_hex("\x0A\x3F\xFF", 3, ':', out, 8);
    CHECK_TEXT(out, "0A:3F");
    text_hex("\x0A\x3F\xFF", 3, ':', out, 9);
    CHECK_TEXT(out, "0A:3F:FF");
}

SUITE("text", NULL, NULL)

/* ---- sparse values ---- */

CASE("a sparse value comes back as it was")
{
    static unsigned char value[20000], restored[sizeof value];
    struct sparse sparse = {0};
    memset(restored, 7, sizeof restored);
    sparse_restore(&sparse, restored, sizeof restored);
    CHECK(memcmp(restored, value, sizeof value) == 0);
    value[0] = 1;
    memcpy(value + 100, "text, and then\0 more", 20);
    value[5000] = 2;
    value[5032] = 3;
    value[5065] = 4;
    value[sizeof value - 1] = 5;
    CHECK(sparse_keep(&sparse, value, sizeof value));
    CHECK(sparse.size < 250);
    sparse_restore(&sparse, restored, sizeof restored);
    CHECK(memcmp(restored, value, sizeof value) == 0);
    memset(value, 9, sizeof value);
    CHECK(sparse_keep(&sparse, value, sizeof value));
    sparse_restore(&sparse, restored, sizeof restored);
    CHECK(memcmp(restored, value, sizeof value) == 0);
    sparse_free(&sparse);
}

/* ---- buffers ---- */

CASE("a cursor never reads past the end")
{
    struct cursor cursor = cursor_over("\x01\x02\x03", 3);
    CHECK_NUMBER(cursor_u16(&cursor), 0x0102);
    CHECK_NUMBER(cursor_u16(&cursor), 0);
    CHECK(cursor.is_short);
    CHECK_NUMBER(cursor_u8(&cursor), 0); /* not even what was left */
    CHECK(cursor_bytes(&cursor, 0) == NULL);
}

CASE("byte orders")
{
    struct cursor cursor = cursor_over("\x01\x02\x03\x04\x01\x02\x03\x01\x02", 9);
    CHECK_NUMBER(cursor_u32le(&cursor), 0x04030201);
    CHECK_NUMBER(cursor_u24le(&cursor), 0x030201);
    CHECK_NUMBER(cursor_u16le(&cursor), 0x0201);
    CHECK(!cursor.is_short);
}

CASE("a string needs its NUL")
{
    size_t length = 0;
    struct cursor cursor = cursor_over("ab\0cd", 5);
    CHECK_TEXT(cursor_string(&cursor, &length), "ab");
    CHECK_NUMBER(length, 2);
    CHECK(cursor_string(&cursor, &length) == NULL);
    CHECK(cursor.is_short);
}

CASE("a buffer keeps its content while it grows and is taken from")
{
    struct buffer buffer = {0};
    unsigned char expected = 0;
    for (unsigned i = 0; i < 100000; i++) {
        CHECK_FATAL(buffer_append_byte(&buffer, (unsigned char)i));
        if (i % 3 == 0) {
            CHECK_FATAL(buffer_content(&buffer)[0] == expected);
            buffer_take(&buffer, 1);
            expected++;
        }
    }
    CHECK_NUMBER(buffer_length(&buffer), 100000 - 33334);
    CHECK(buffer.capacity < 300000);
    CHECK(buffer_reserve(&buffer, SIZE_MAX - 5) == NULL);
    CHECK_NUMBER(buffer_content(&buffer)[0], expected);
    buffer_free(&buffer);
}

SUITE("buffer", NULL, NULL)

/* ---- clock ---- */

CASE("RFC 3339")
{
    time_t time = 0;
    char out[CLOCK_TEXT_SIZE];
    CHECK(clock_parse("2026-03-01T12:30:00Z", &time));
    CHECK_TEXT(clock_format(time, out), "2026-03-01T12:30:00Z");
    CHECK(clock_parse("2026-03-01T12:30:00.5+02:00", &time));
    CHECK_TEXT(clock_format(time, out), "2026-03-01T10:30:00Z");
    CHECK(clock_parse("2026-03-01", &time));
    CHECK_TEXT(clock_format(time, out), "2026-03-01T00:00:00Z");
    static const char *const wrong[] = {"", "yesterday", "2026-03-01T12:30:00",
                                        "2026-03-01T12:30:00+2", "2026-03-01x"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!clock_parse(wrong[i], &time));
}

CASE("days left are rounded down")
{
    CHECK_NUMBER(clock_days_until(86400 * 2 + 5, 0), 2);
    CHECK_NUMBER(clock_days_until(86399, 0), 0);
    CHECK_NUMBER(clock_days_until(0, 1), -1);
    CHECK_NUMBER(clock_days_until(0, 86400), -1);
}

SUITE("clock", NULL, NULL)

/* ---- files ---- */

static char path[] = "/tmp/odbcssl-test-XXXXXX";
static struct option option = {NULL, "SslRootCert", (char *)"odbc.ini [w]"};

static int make_file(void)
{
    int descriptor = mkstemp(path);
    option.value = path;
    return descriptor < 0 ? 1 : close(descriptor);
}

static int remove_file(void)
{
    return unlink(path);
}

static void write_file(const char *text)
{
    int descriptor = open(path, O_WRONLY | O_TRUNC);
    CHECK_FATAL(descriptor >= 0);
    CHECK_NUMBER(write(descriptor, text, strlen(text)), strlen(text));
    close(descriptor);
}

CASE("a file is read whole")
{
    struct file_content content;
    struct error error = {0};
    write_file("hello");
    CHECK_FATAL(file_read(&option, &content, &error));
    CHECK_TEXT((char *)content.bytes, "hello");
    CHECK_NUMBER(content.size, 5);
    file_content_free(&content);
}

CASE("refusals name keyword, path and place")
{
    struct file_content content;
    struct error error = {0};
    write_file("");
    CHECK(!file_read(&option, &content, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_MALFORMED);
    CHECK_CONTAINS(error.text, "SslRootCert=/tmp/odbcssl-test-");
    CHECK_CONTAINS(error.text, "odbc.ini [w]");
    CHECK_CONTAINS(error.text, "empty");
    static const char *const wrong[] = {"/nonexistent/file", "/tmp"};
    for (size_t i = 0; i < 2; i++) {
        struct option missing = {(char *)wrong[i], "SslCrl", NULL};
        error_clear(&error);
        CHECK(!file_read(&missing, &content, &error));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_FILE_UNREADABLE);
        CHECK_CONTAINS(error.text, wrong[i]);
    }
}

CASE("the identity changes with the content")
{
    struct file_identity before, after;
    write_file("one");
    CHECK(file_identify(path, &before));
    CHECK(file_identify(path, &after));
    CHECK(file_identity_equal(&before, &after));
    write_file("three");
    CHECK(file_identify(path, &after));
    CHECK(!file_identity_equal(&before, &after));
    CHECK(!file_identify("/nonexistent/file", &after));
}

/* libpq's rule, and GaussDB(DWS)'s under "strict". */
static const struct {
    mode_t mode;
    uid_t owner;
    bool is_secret;
    enum file_permissions rule;
    bool is_allowed;
} permissions[] = {
    {0600, 1000, true, FILE_PERMISSIONS_KEY, true},
    {0400, 1000, true, FILE_PERMISSIONS_KEY, true},
    {0640, 1000, true, FILE_PERMISSIONS_KEY, false},
    {0604, 1000, true, FILE_PERMISSIONS_KEY, false},
    {0640, 0, true, FILE_PERMISSIONS_KEY, true},
    {0660, 0, true, FILE_PERMISSIONS_KEY, false},
    {0644, 0, true, FILE_PERMISSIONS_KEY, false},
    {0644, 1000, false, FILE_PERMISSIONS_KEY, true},
    {0600, 0, false, FILE_PERMISSIONS_STRICT, true},
    {0640, 0, true, FILE_PERMISSIONS_STRICT, false},
    {0644, 0, false, FILE_PERMISSIONS_STRICT, false},
    {0700, 0, true, FILE_PERMISSIONS_STRICT, false},
};

CASE("who may read a key")
{
    for (size_t i = 0; i < sizeof permissions / sizeof permissions[0]; i++) {
        struct stat status = {0};
        struct error error = {0};
        status.st_mode = S_IFREG | permissions[i].mode;
        status.st_uid = permissions[i].owner;
        bool is_allowed = file_permissions_check(&option, &status, permissions[i].is_secret,
                                                 permissions[i].rule, &error);
        CHECK_NUMBER(is_allowed, permissions[i].is_allowed);
        CHECK_NUMBER(error.code, is_allowed ? 0 : ODBCSSL_ERROR_FILE_PERMISSIONS);
    }
}

CASE("a word for a shell is whole, or cut between characters")
{
    char out[TEXT_QUOTED_SIZE(3)], small[8];
    CHECK_TEXT(text_quote_word("'''", out, sizeof out), "''\\'''\\'''\\'''");
    CHECK_TEXT(text_quote_word("", out, sizeof out), "''");
    CHECK_TEXT(text_quote_word("abcdefgh", small, sizeof small), "'ab'");
    CHECK_TEXT(text_quote_word("a'b", small, sizeof small), "'a'\\'''");
}

/* Its name may come from an archive, and people run what the error says. */
CASE("the chmod that is to be run is for the file alone")
{
    static const struct option named = {.value = "/it's $(a).key", .keyword = "SslKey"};
    const struct stat status = {.st_mode = S_IFREG | 0644};
    struct error error = {0};
    CHECK(!file_permissions_check(&named, &status, true, FILE_PERMISSIONS_KEY, &error));
    CHECK_CONTAINS(error.text, ". Run: chmod 600 '/it'\\''s $(a).key'");
}

/* ---- trace ---- */

CASE("the trace appends whole lines")
{
    struct error error = {0};
    write_file("before\n");
    struct log *log = log_open(path, &error);
    CHECK_FATAL(log != NULL);
    log_write(log, "state %d", 5);
    log_close(&log);
    log_write(log, "to nowhere");
    struct file_content content;
    CHECK_FATAL(file_read(&option, &content, &error));
    CHECK(strncmp((char *)content.bytes, "before\n", 7) == 0);
    CHECK_CONTAINS((char *)content.bytes, "] state 5\n");
    file_content_free(&content);
    CHECK(log_open("/nonexistent/log", &error) == NULL);
    CHECK_CONTAINS(error.text, "SslTrace=/nonexistent/log");
}

CASE("a trace that is a pipe keeps nobody waiting, and ends no process")
{
    struct error error = {0};
    unlink(path);
    CHECK_FATAL(mkfifo(path, 0600) == 0);
    CHECK(log_open(path, &error) == NULL);
    CHECK_CONTAINS(error.text, "the file cannot be written");
    int reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct log *log = log_open(path, &error);
    CHECK_FATAL(reader >= 0 && log != NULL);
    for (int i = 0; i < 4000; i++) /* more than it holds */
        log_write(log, "state %d", i);
    close(reader);
    log_write(log, "to nobody");
    log_close(&log);
    unlink(path);
}

static int write_beyond_limit(void)
{
    static const struct rlimit limit = {.rlim_cur = 0, .rlim_max = 0};
    struct error error = {0};
    struct log *log = log_open(path, &error);
    signal(SIGXFSZ, SIG_DFL);
    if (log == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    log_write(log, "too much");
    return 0;
}

CASE("a trace as large as files may be ends no process")
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(write_beyond_limit());
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK_NUMBER(status, 0);
}

SUITE("file", make_file, remove_file)

/* ---- report ---- */

CASE("strings have a UTF-16 and a UTF-8 type")
{
    bool is_utf8 = true;
    const struct report_item *item = report_find(SQL_SSL_PROTOCOL_W, &is_utf8);
    CHECK_FATAL(item != NULL);
    CHECK(!is_utf8);
    CHECK(report_find(SQL_SSL_PROTOCOL_A, &is_utf8) == item);
    CHECK(is_utf8);
    CHECK(report_find(SQL_SSL_STATE + 0x80, &is_utf8) == NULL); /* a number has one type only */
    CHECK(report_find(0x53FF, &is_utf8) == NULL);
}

CASE("values")
{
    struct tls_report *report = calloc(1, sizeof *report);
    char scratch[REPORT_SCRATCH_SIZE];
    report->state = ODBCSSL_STATE_CHAIN_VERIFIED;
    report->peer_days_left = -3;
    report->version = TLS_VERSION_1_3;
    strcpy(report->protocol, "TLSv1.3");
    CHECK_NUMBER(report_number(report, report_find(SQL_SSL_STATE, NULL)), 4);
    CHECK_NUMBER(report_number(report, report_find(SQL_SSL_PEER_DAYS_LEFT, NULL)), -3);
    const struct report_item *client = report_find(SQL_SSL_CLIENT_CERT_DAYS_LEFT, NULL);
    CHECK_NUMBER(report_number(report, client), -1);
    CHECK(!report_applies(report, client));
    report_set_number(report, client, 7);
    CHECK_NUMBER(report_number(report, client), 7);
    CHECK(report_applies(report, client));
    CHECK_TEXT(report_text(report, report_find(SQL_SSL_PROTOCOL_A, NULL), scratch), "TLSv1.3");
    CHECK_TEXT(report_display(report, report_find(SQL_SSL_PROTOCOL_VERSION, NULL), scratch),
               "0x0304");
    CHECK_CONTAINS(report_text(report, report_find(SQL_SSL_LIBRARY_W, NULL), scratch), "GnuTLS 3.");
    CHECK_CONTAINS(report_text(report, report_find(SQL_SSL_SUMMARY_W, NULL), scratch),
                   "certificate chain verified");
    free(report);
}

SUITE("report", NULL, NULL)
