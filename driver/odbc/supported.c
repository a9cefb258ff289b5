/*
 * supported.c - SQLGetFunctions: the real driver's answer, without what it does not really export,
 * for the driver manager, which asks once after connecting.
 */
#include <string.h>

#include "odbc/call.h"

/* SQL_API_ALL_FUNCTIONS: ODBC reference, SQLGetFunctions. */
#define ODBC2_FUNCTIONS 100

/* Microsoft's number of SQLCancelHandle, beside unixODBC's SQL_API_SQLCANCELHANDLE. */
#define OTHER_CANCELHANDLE 1550

struct function_bits {
    SQLUSMALLINT words[SQL_API_ODBC3_ALL_FUNCTIONS_SIZE];
};

static bool has_bit(const struct function_bits *bits, SQLUSMALLINT number)
{
    return number >> 4 < SQL_API_ODBC3_ALL_FUNCTIONS_SIZE &&
           (bits->words[number >> 4] >> (number & 15) & 1) != 0;
}

/* The real driver's word; one that cannot tell is taken at what it exports. */
static SQLRETURN collect(const struct call *call, struct function_bits *bits)
{
    struct function_bits claimed;
    SQLRETURN outcome = SQL_SUCCESS;
    memset(&claimed, call->functions->SQLGetFunctions != NULL ? 0 : 0xFF, sizeof claimed);
    memset(bits, 0, sizeof *bits);
    if (call->functions->SQLGetFunctions != NULL)
        outcome = call->functions->SQLGetFunctions(call->real, SQL_API_ODBC3_ALL_FUNCTIONS,
                                                   claimed.words);
    if (!SQL_SUCCEEDED(outcome))
        return outcome;
    for (size_t i = 0; i < function_row_count; i++) {
        const struct function_row *row = &function_rows[i];
        bool is_claimed =
            has_bit(&claimed, row->number) ||
            (row->number == SQL_API_SQLCANCELHANDLE && has_bit(&claimed, OTHER_CANCELHANDLE));
        /* SQLConnect is made of SQLDriverConnect, so a real driver need not have it. */
        bool is_there = row->number == SQL_API_SQLCONNECT
                            ? call->functions->SQLDriverConnect != NULL ||
                                  call->functions->SQLDriverConnectW != NULL
                            : function_exists(call->functions, row);
        if (is_claimed && is_there)
            bits->words[row->number >> 4] |= (SQLUSMALLINT)(1u << (row->number & 15));
    }
    return outcome;
}

ENTRY SQLGetFunctions(SQLHDBC handle, SQLUSMALLINT function, SQLUSMALLINT *supported)
{
    struct call call;
    struct function_bits bits;
    if (!call_begin(&call, HANDLE_CONNECTION, handle))
        return call.outcome;
    if (supported == NULL)
        return call_fail_state(call.handle, "HY009", "there is no place for the answer");
    SQLRETURN outcome = CALL_REAL(&call, collect(&call, &bits));
    if (!SQL_SUCCEEDED(outcome))
        return outcome;
    if (function == SQL_API_ODBC3_ALL_FUNCTIONS) {
        memcpy(supported, bits.words, sizeof bits.words);
    } else if (function == SQL_API_ALL_FUNCTIONS) {
        for (SQLUSMALLINT i = 0; i < ODBC2_FUNCTIONS; i++)
            supported[i] = has_bit(&bits, i) ? SQL_TRUE : SQL_FALSE;
    } else {
        *supported = has_bit(&bits, function) ? SQL_TRUE : SQL_FALSE;
    }
    return outcome;
}
