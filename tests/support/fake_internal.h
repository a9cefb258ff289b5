/*
 * fake_internal.h - what the flavours of the fake real driver share.
 */
#ifndef TESTS_FAKE_INTERNAL_H
#define TESTS_FAKE_INTERNAL_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include "support/fake_driver.h"

#define EXPORT __attribute__((visibility("default")))
#define FAKE_MAGIC 0xFA4Eu
#define RECORDS 2
#define IMPLICIT 4

struct record {
    char sqlstate[6];
    SQLINTEGER native;
    char text[128];
};

struct fake_handle {
    unsigned magic;
    SQLSMALLINT kind;
    struct fake_handle *parent;
    struct fake_handle *next; /* of all that are alive */
    SQLINTEGER version;       /* environment */
    int fetched;              /* statement */
    struct fake_handle *implicit[IMPLICIT];
    struct fake_handle *current[IMPLICIT];
    int count;
    struct record records[RECORDS];
};

EXPORT struct fake_control *fake_control(void);

/* Adds a line to control.calls. */
void fake_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Checks a handle and forgets its records; NULL when it is none. */
struct fake_handle *fake_enter(SQLHANDLE handle, SQLSMALLINT kind);

const struct record *fake_find_record(SQLSMALLINT kind, SQLHANDLE handle, SQLSMALLINT number);
const char *fake_info_text(SQLUSMALLINT type);
SQLRETURN fake_connect_to(SQLHDBC handle, const char *text);
SQLRETURN fake_keep_statement(struct fake_handle *fake, const char *text);
SQLRETURN fake_get_statement_attribute(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value);
SQLRETURN fake_set_statement_attribute(SQLHSTMT handle, SQLINTEGER attribute, SQLPOINTER value);
SQLRETURN fake_set_connection_attribute(SQLHDBC handle, const char *name, SQLINTEGER attribute,
                                        const void *value, SQLINTEGER length);
SQLRETURN fake_get_connection_attribute(SQLHDBC handle, SQLINTEGER attribute, SQLPOINTER value);

#endif
