/*
 * forward.c - the entry points as the rows of functions.def say: what only passes on, and the two
 * flavours of what is written once for both (call.h).
 */
#include "odbc/call.h"

#define FORWARD_AS(name, kind, parameters, arguments)                                              \
    ENTRY name parameters                                                                          \
    {                                                                                              \
        struct call call;                                                                          \
        if (!call_begin(&call, HANDLE_##kind, handle))                                             \
            return call.outcome;                                                                   \
        SQLHANDLE real = call.real;                                                                \
        return CALL(&call, name, arguments);                                                       \
    }
#define SHARED_AS(entry, flavour, name, parameters, arguments)                                     \
    ENTRY entry parameters                                                                         \
    {                                                                                              \
        return shared_##name(flavour, LIST arguments);                                             \
    }

#define TEXT SQLCHAR
#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    SHARED_AS(name, FLAVOUR_ANSI, name, parameters, arguments)
#define FORWARD(name, number, kind, parameters, arguments)                                         \
    FORWARD_AS(name, kind, parameters, arguments)
#define FORWARD_TEXT FORWARD
#include "dispatch/functions.def"

#define TEXT SQLWCHAR
#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    SHARED_AS(name##W, FLAVOUR_WIDE, name, parameters, arguments)
#define FORWARD(name, number, kind, parameters, arguments)
#define FORWARD_TEXT(name, number, kind, parameters, arguments)                                    \
    FORWARD_AS(name##W, kind, parameters, arguments)
#include "dispatch/functions.def"
