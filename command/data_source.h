/*
 * data_source.h - a data source as the driver manager finds it: its section, the driver's section,
 * and the library that will be opened (unixODBC, DriverManager/SQLConnect.c, __find_lib_name).
 */
#ifndef COMMAND_DATA_SOURCE_H
#define COMMAND_DATA_SOURCE_H

#include <stdbool.h>

#include "config/connstr.h"
#include "conn/profiles.h"

enum data_source_state {
    DATA_SOURCE_FOUND,
    DATA_SOURCE_ABSENT,         /* no such section, and no [DEFAULT] either */
    DATA_SOURCE_WITHOUT_DRIVER, /* the section has no Driver */
    DATA_SOURCE_DRIVER_UNKNOWN  /* Driver is no section of odbcinst.ini and no path */
};

struct data_source {
    enum data_source_state state;
    char *name;    /* as it was asked for; NULL: a connection string that names a driver */
    char *section; /* of odbc.ini: the name, or "DEFAULT" in its place; NULL as name */
    struct connstr settings; /* that section */
    char *driver;            /* Driver, as written; NULL: there is none */
    char *driver_section;    /* of odbcinst.ini; NULL: driver is the library itself */
    char *library;           /* as written */
    char *path;              /* absolute; NULL: the library is not in the driver manager's folder */
    bool is_odbcssl;
};

/* By name, or what a connection string leads to: DRIVER, DSN, else DEFAULT. */
struct data_source data_source_find(const char *name);
struct data_source data_source_of(const struct connstr *connection_string);
void data_source_free(struct data_source *source);

/* What odbcssl knows of the real driver; never NULL. */
const struct profile *data_source_profile(const struct data_source *source);

/* "db.example.com, port 5432", as far as the settings say. */
char *data_source_server(const struct data_source *source);

/* The driver that speaks to the database: TargetDriver of the data source or of its driver's
 * section, else the driver itself. NULL: none. */
char *data_source_target(const struct data_source *source);

#endif
