/* test_tds_browser.c - the answers of SQL Server Browser, good and broken. */
#include <stdlib.h>
#include <string.h>

#include "proto/tds_browser.h"
#include "support/suite.h"
#include "unit/tds_bytes.h"

#define SALES "ServerName;DB1;InstanceName;SALES;IsClustered;No;Version;15.0.2000.5;"
#define OTHER "ServerName;DB1;InstanceName;OTHER;IsClustered;No;Version;15.0.2000.5;"

static const struct browser_row {
    const char *text;
    bool is_good;
    uint16_t port;
    const char *error;
} browser_rows[] = {
    {SALES "tcp;51433;;", true, 51433, ""},
    {SALES "np;\\\\DB1\\pipe\\MSSQL$SALES\\sql\\query;tcp;51433;;", true, 51433, ""},
    {OTHER "tcp;50000;;" SALES "tcp;51433;;", true, 51433, ""},
    {"ServerName;DB1;InstanceName;sales;tcp;1;;", true, 1, ""},
    {SALES "tcp;65535", false, 0, "does not listen on TCP"},
    {SALES "np;\\\\DB1\\pipe;;", false, 0, "does not listen on TCP"},
    {SALES ";" OTHER "tcp;50000;;", false, 0, "does not listen on TCP"},
    {SALES "tcp;65536;;", false, 0, "does not listen on TCP"},
    {SALES "tcp;0;;", false, 0, "does not listen on TCP"},
    {SALES "tcp;-1;;", false, 0, "does not listen on TCP"},
    {SALES "tcp;14x;;", false, 0, "does not listen on TCP"},
    {OTHER "tcp;50000;;", false, 0, "does not know an instance Sales"},
    {"", false, 0, "does not know an instance Sales"},
    {";;;;", false, 0, "does not know an instance Sales"},
};

static size_t make_reply(const char *text, unsigned char *out)
{
    size_t length = strlen(text);
    out[0] = 0x05;
    out[1] = (unsigned char)length;
    out[2] = (unsigned char)(length >> 8);
    memcpy(out + 3, text, length);
    return length + 3;
}

CASE("the port of the instance that was asked about")
{
    unsigned char reply[1000];
    for (size_t i = 0; i < sizeof browser_rows / sizeof *browser_rows; i++) {
        const struct browser_row *row = &browser_rows[i];
        struct error error = {0};
        uint16_t port = 0;
        size_t size = make_reply(row->text, reply);
        CHECK_NUMBER(tds_browser_read_reply(reply, size, "Sales", &port, &error), row->is_good);
        CHECK_NUMBER(port, row->port);
        CHECK_CONTAINS(error.text, row->error);
        CHECK_NUMBER(error.code, row->is_good ? ODBCSSL_ERROR_NONE : ODBCSSL_ERROR_RESOLVE);
    }
}

CASE("an answer that is cut short is refused")
{
    unsigned char reply[1000];
    size_t size = make_reply(SALES "tcp;51433;;", reply);
    for (size_t cut = 0; cut < size; cut++) {
        struct error error = {0};
        uint16_t port = 0;
        unsigned char *part = malloc(cut + 1);
        memcpy(part, reply, cut);
        CHECK(!tds_browser_read_reply(part, cut, "SALES", &port, &error));
        CHECK_CONTAINS(error.text, "malformed");
        free(part);
    }
    struct error error = {0};
    uint16_t port = 0;
    reply[0] = 0x04;
    CHECK(!tds_browser_read_reply(reply, size, "SALES", &port, &error));
}

CASE("what is asked")
{
    struct buffer request = {0};
    struct error error = {0};
    CHECK(tds_browser_write_request("SALES", &request, &error));
    CHECK_BYTES(&request, "\x04SALES", 7);
    buffer_clear(&request);
    CHECK(!tds_browser_write_request("", &request, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_KEYWORD_VALUE);
    error_clear(&error);
    CHECK(!tds_browser_write_request("123456789012345678901234567890123", &request, &error));
    CHECK_NUMBER(buffer_length(&request), 0);
    buffer_free(&request);
}

SUITE("browser", NULL, NULL)
