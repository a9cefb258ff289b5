/*
 * driver.c - loads a real driver for the first connection that names it. What the dynamic linker
 * finds may be the driver manager's function of the same name, which would call us again: each has
 * to be the library's own.
 */
#include "dispatch/driver.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "base/fork.h"
#include "base/text.h"

const struct function_row function_rows[] = {
#define OWN(name, number, parameters)                                                              \
    {#name, number, offsetof(struct driver_functions, name)},
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    {#name, number, offsetof(struct driver_functions, name)},
#include "dispatch/functions.def"

#define OWN(name, number, parameters)
#define OWN_TEXT(name, number, parameters, arguments)                                              \
    {#name "W", number, offsetof(struct driver_functions, name##W)},
#include "dispatch/functions.def"
};

const size_t function_row_count = sizeof function_rows / sizeof function_rows[0];

bool function_exists(const struct driver_functions *functions, const struct function_row *row)
{
    void *address;
    memcpy(&address, (const char *)functions + row->offset, sizeof address);
    return address != NULL;
}

FORK_GUARDED_LOCK(drivers)

/* Real drivers stay until the process ends: their threads and exit handlers do not survive dlclose.
 */
static struct driver *drivers;

/* This library under any of its names: loading it as the real driver would never end. */
static bool is_odbcssl(const char *path)
{
    Dl_info self;
    char own_path[PATH_MAX];
    if (dladdr(&drivers_mutex, &self) != 0 && self.dli_fname != NULL &&
        realpath(self.dli_fname, own_path) != NULL && strcmp(own_path, path) == 0)
        return true;
    const char *name = text_file_name(path);
    return strcmp(name, "libodbcssl.so") == 0 || strcmp(name, "libodbcssla.so") == 0;
}

/* dlsym also finds what the library's dependencies export: when a real driver is linked to the
 * driver manager, that is the driver manager's function, which would call us again. */
static void *find_own_symbol(void *library, const struct link_map *map, const char *name)
{
    Dl_info info;
    void *owner = NULL;
    void *address = dlsym(library, name);
    if (address == NULL || dladdr1(address, &info, &owner, RTLD_DL_LINKMAP) == 0)
        return NULL;
    return owner == (const void *)map ? address : NULL;
}

static bool has_connect_functions(const struct driver_functions *functions, const char *path,
                                  struct error *error)
{
    const char *missing = functions->SQLAllocHandle == NULL  ? "SQLAllocHandle"
                          : functions->SQLFreeHandle == NULL ? "SQLFreeHandle"
                          : functions->SQLSetEnvAttr == NULL ? "SQLSetEnvAttr"
                          : functions->SQLDisconnect == NULL ? "SQLDisconnect"
                                                             : NULL;
    if (missing == NULL && functions->SQLDriverConnect == NULL &&
        functions->SQLDriverConnectW == NULL)
        missing = "SQLDriverConnect";
    if (missing != NULL)
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "the library %s is not an ODBC 3 driver: it has no function %s of its own", path,
                  missing);
    return missing == NULL;
}

static struct driver *fill_driver(void *library, const char *path, struct error *error)
{
    struct link_map *map = NULL;
    struct driver *driver = calloc(1, sizeof *driver);
    if (driver == NULL || dlinfo(library, RTLD_DI_LINKMAP, &map) != 0) {
        error_set_memory(error);
        free(driver);
        return NULL;
    }
    for (size_t i = 0; i < function_row_count; i++) {
        void *address = find_own_symbol(library, map, function_rows[i].name);
        memcpy((char *)&driver->functions + function_rows[i].offset, &address, sizeof address);
    }
    driver->path = strdup(path);
    driver->is_unicode = driver->functions.SQLDriverConnectW != NULL;
    if (driver->path == NULL)
        error_set_memory(error);
    else if (has_connect_functions(&driver->functions, path, error))
        return driver;
    free(driver->path);
    free(driver);
    return NULL;
}

static struct driver *load_new(const char *path, struct error *error)
{
    if (is_odbcssl(path)) {
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD,
                  "the real driver %s is odbcssl itself: TargetDriver must name the driver that "
                  "odbcssl is to use",
                  path);
        return NULL;
    }
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        const char *reason = dlerror();
        error_set(error, ODBCSSL_ERROR_DRIVER_LOAD, "the real driver %s cannot be loaded: %s", path,
                  reason != NULL ? reason : "no reason given");
        return NULL;
    }
    struct driver *driver = fill_driver(library, path, error);
    if (driver != NULL) {
        driver->next = drivers;
        drivers = driver;
    }
    return driver;
}

const struct driver *driver_load(const char *path, struct error *error)
{
    /* A library that is not there is left to dlopen, whose error is the loader's message. */
    char *real_path = path[0] == '/' ? realpath(path, NULL) : NULL;
    if (real_path != NULL)
        path = real_path;
    drivers_lock();
    struct driver *driver = drivers;
    while (driver != NULL && strcmp(driver->path, path) != 0)
        driver = driver->next;
    if (driver == NULL)
        driver = load_new(path, error);
    drivers_unlock();
    free(real_path);
    return driver;
}
