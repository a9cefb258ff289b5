/*
 * supported.c - SQLGetFunctions: what the real driver says it has, and really exports.
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

static void set_bit(struct function_bits *bits, SQLUSMALLINT number)
{
    bits->words[number >> 4] |= (SQLUSMALLINT)(1u << (number & 15));
}

static bool has_bit(const struct function_bits *bits, SQLUSMALLINT number)
{
    return number >> 4 < SQL_API_ODBC3_ALL_FUNCTIONS_SIZE &&
           (bits->words[number >> 4] >> (number & 15) & 1) != 0;
}

static bool is_claimed(const struct function_bits *bits, SQLUSMALLINT number)
{
    return has_bit(bits, number) ||
           (number == SQL_API_SQLCANCELHANDLE && has_bit(bits, OTHER_CANCELHANDLE));
}

/* SQLConnect is made of SQLDriverConnect, so a real driver need not have it. */
static bool is_there(const struct driver_functions *functions, const struct function_row *row)
{
    if (row->number == SQL_API_SQLCONNECT)
        return functions->SQLDriverConnect != NULL || functions->SQLDriverConnectW != NULL;
    return function_exists(functions, row);
}

/* The real driver's word; one that cannot tell is taken at what it exports. */
static SQLRETURN ask_real_driver(const struct call *call, struct function_bits *claimed)
{
    memset(claimed, 0xFF, sizeof *claimed);
    if (call->functions->SQLGetFunctions == NULL)
        return SQL_SUCCESS;
    memset(claimed, 0, sizeof *claimed);
    return call->functions->SQLGetFunctions(call->real, SQL_API_ODBC3_ALL_FUNCTIONS,
                                            claimed->words);
}

static SQLRETURN collect(const struct call *call, struct function_bits *bits)
{
    struct function_bits claimed;
    SQLRETURN outcome = ask_real_driver(call, &claimed);
    memset(bits, 0, sizeof *bits);
    if (!SQL_SUCCEEDED(outcome))
        return outcome;
    for (size_t i = 0; i < function_row_count; i++)
        if (is_claimed(&claimed, function_rows[i].number) &&
            is_there(call->functions, &function_rows[i]))
            set_bit(bits, function_rows[i].number);
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
