/*
 * forward.c - the entry points that only pass on, generated from the rows of functions.def.
 */
#include "odbc/call.h"

#define FORWARD_AS(name, kind, parameters, arguments)                                              \
    ENTRY name parameters                                                                          \
    {                                                                                              \
        struct call call;                                                                          \
        if (!call_begin(&call, HANDLE_##kind, handle))                                             \
            return call.outcome;                                                                   \
        if (call.functions->name == NULL)                                                          \
            return call_lacks_function(&call, #name);                                              \
        SQLHANDLE real = call.real;                                                                \
        return CALL_REAL(&call, call.functions->name arguments);                                   \
    }

#define TEXT SQLCHAR
#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters)
#define FORWARD(name, number, kind, parameters, arguments)                                         \
    FORWARD_AS(name, kind, parameters, arguments)
#define FORWARD_TEXT(name, number, kind, parameters, arguments)                                    \
    FORWARD_AS(name, kind, parameters, arguments)
#include "dispatch/functions.def"

#define TEXT SQLWCHAR
#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters)
#define FORWARD(name, number, kind, parameters, arguments)
#define FORWARD_TEXT(name, number, kind, parameters, arguments)                                    \
    FORWARD_AS(name##W, kind, parameters, arguments)
#include "dispatch/functions.def"
