/* capture.c - starts the program again under the capturing library, and reads what that noted. */
#include "support/capture.h"

#include <sqlext.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/suite.h"

static void (*reset_library)(void);
static const struct capture *(*get_from_library)(void);

static bool is_loaded(void)
{
    *(void **)&reset_library = dlsym(RTLD_DEFAULT, "capture_library_reset");
    *(void **)&get_from_library = dlsym(RTLD_DEFAULT, "capture_library_get");
    return reset_library != NULL && get_from_library != NULL;
}

int capture_main(int argc, char **argv)
{
    const char *path = suite_built("tests/support/.libs/capture.so");
    if (SUITE_IS_SANITIZED) {
        puts("1..0 # SKIP a preloaded library and a sanitizer do not go together");
        return 0;
    }
    if (!is_loaded() && getenv("LD_PRELOAD") == NULL && access(path, R_OK) == 0) {
        setenv("LD_PRELOAD", path, 1);
        execv("/proc/self/exe", argv);
    }
    if (is_loaded())
        return suite_main(argc, argv);
    puts("Bail out! tests/support/capture.so cannot be loaded");
    return 1;
}

bool capture_load(struct library *library, const char *path)
{
    library->handle = dlopen(path, RTLD_NOW);
    return library->handle != NULL &&
           CALL(library, SQLAllocHandle)(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &library->environment) ==
               SQL_SUCCESS &&
           CALL(library, SQLSetEnvAttr)(library->environment, SQL_ATTR_ODBC_VERSION,
                                        (SQLPOINTER)SQL_OV_ODBC3, 0) == SQL_SUCCESS;
}

void capture_reset(void)
{
    reset_library();
}

const struct capture *capture_get(void)
{
    return get_from_library();
}
