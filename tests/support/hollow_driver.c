/*
 * hollow_driver.c - no ODBC driver, but a library that depends on the driver manager, which exports
 * ODBC's functions.
 */
#include <sql.h>

extern SQLRETURN (*hollow_driver_dependency)(SQLSMALLINT, SQLHANDLE, SQLHANDLE *);

__attribute__((visibility("default")))
SQLRETURN (*hollow_driver_dependency)(SQLSMALLINT, SQLHANDLE, SQLHANDLE *) = SQLAllocHandle;
