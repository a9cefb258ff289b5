/*
 * copy_descriptor.c - SQLCopyDesc: the one function that takes two handles.
 */
#include "odbc/call.h"

/* The driver manager calls the source's driver whatever the target's is: the target may be another
 * driver's handle, which must not be touched, or belong to another real driver. */
static SQLRETURN copy_to(const struct call *source, SQLHDESC target)
{
    struct error error = {0};
    struct handle *pinned = handle_pin(target, HANDLE_DESCRIPTOR);
    SQLRETURN outcome;
    if (pinned == NULL) {
        error_set(&error, ODBCSSL_ERROR_FOREIGN_HANDLE,
                  "the target descriptor belongs to another driver: copy between descriptors of "
                  "one driver only");
        return call_fail(source->handle, &error);
    }
    handle_clear_records(pinned);
    const struct driver *driver = pinned->connection->driver;
    if (driver != source->connection->driver) {
        error_set(
            &error, ODBCSSL_ERROR_FOREIGN_HANDLE,
            "the source descriptor belongs to the real driver %s and the target descriptor to "
            "%s: copy between descriptors of one driver only",
            source->connection->driver->path, driver != NULL ? driver->path : "none");
        call_fail(pinned, &error);
        outcome = call_fail(source->handle, &error);
    } else {
        outcome = CALL(source, SQLCopyDesc, (source->real, pinned->real));
        /* It is the target on which real drivers say what was wrong. */
        if (source->functions->SQLCopyDesc != NULL)
            handle_take_outcome(pinned, outcome);
    }
    handle_unpin(pinned);
    return outcome;
}

ENTRY SQLCopyDesc(SQLHDESC source, SQLHDESC target)
{
    struct call call;
    struct handle *pinned = handle_pin(source, HANDLE_DESCRIPTOR);
    if (pinned == NULL)
        return SQL_INVALID_HANDLE;
    SQLRETURN outcome =
        call_begin(&call, HANDLE_DESCRIPTOR, source) ? copy_to(&call, target) : call.outcome;
    handle_unpin(pinned);
    return outcome;
}
