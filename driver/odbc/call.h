/*
 * call.h - what every entry point does before and after the real driver's function.
 */
#ifndef ODBC_CALL_H
#define ODBC_CALL_H

#include <sql.h>
#include <sqlext.h>
#include <sqlucode.h>

#include "base/current_guard.h"
#include "dispatch/handles.h"

/* An entry point of the library: everything else is hidden. */
#define ENTRY __attribute__((visibility("default"))) SQLRETURN SQL_API

/* What SQLxxx and SQLxxxW do alike: the rows OWN_TEXT of functions.def, whose entry points call
 * these with their flavour (forward.c). */
#define LIST(...) __VA_ARGS__
#define TEXT void
#define OWN(name, number, parameters)
#define FORWARD_TEXT(name, number, kind, parameters, arguments)
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    SQLRETURN shared_##name(enum flavour flavour, LIST parameters);
#include "dispatch/functions.def"

/* One call of an entry point on a handle of an open connection. */
struct call {
    struct handle *handle; /* NULL: the handle is none of ours */
    struct connection *connection;
    const struct driver_functions *functions;
    SQLHANDLE real;       /* the real driver's handle */
    struct guard **guard; /* the thread's place for it */
    struct guard *outer;  /* what was there before */
    SQLRETURN outcome;    /* when the call ends before the real driver */
    bool is_forked;       /* it ends so, as the connection belongs to the parent process */
    bool is_beside;       /* another function may be at work on the handle */
};

/* Checks the handle and clears its records. false: the call ends with call->outcome; a record says
 * why (there is no real driver yet, or the connection belongs to the parent process). */
bool call_begin(struct call *call, enum handle_kind kind, SQLHANDLE handle);

/* The same beside another function that may be at work on the handle: its records stay. */
bool call_begin_beside(struct call *call, enum handle_kind kind, SQLHANDLE handle);

/* Around a call of the real driver's function, as in `return CALL_REAL(&call, function(...))`:
 * while it runs, the thread's guard is the connection's. When it fails because the link broke, the
 * record that says how is added. Gives the function's outcome. */
#define CALL_REAL(call, function_call) (call_enter(call), call_end((call), (function_call)))
void call_enter(const struct call *call);
SQLRETURN call_end(const struct call *call, SQLRETURN outcome);

/* The same for a function by its name, as in `return CALL(&call, SQLCancel, (call.real))`, which
 * the real driver may lack; and for the one of two entry points whose flavour it is. */
#define CALL(call, name, arguments)                                                                \
    ((call)->functions->name != NULL ? CALL_REAL(call, (call)->functions->name arguments)          \
                                     : call_lacks_function(call, #name))
#define CALL_TEXT(call, flavour, name, arguments)                                                  \
    ((flavour) == FLAVOUR_WIDE ? CALL(call, name##W, arguments) : CALL(call, name, arguments))

/* IM001: the real driver has no such function. Returns SQL_ERROR. */
SQLRETURN call_lacks_function(const struct call *call, const char *name);

/* Adds a record and returns SQL_ERROR. */
SQLRETURN call_fail(struct handle *handle, const struct error *error);
SQLRETURN call_fail_state(struct handle *handle, const char *sqlstate, const char *text);
SQLRETURN call_fail_memory(struct handle *handle);

/* Adds a warning of class 01: returns SQL_SUCCESS_WITH_INFO. */
SQLRETURN call_warn_truncated(struct handle *handle, const char *what);

#endif
