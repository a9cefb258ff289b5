/* capture.c - starts the program again under the capturing library, and reads what that noted. */
#include "support/capture.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void (*reset_library)(void);
static const struct capture *(*get_from_library)(void);

bool capture_begin(char **argv)
{
    char path[4096];
    const char *build = getenv("top_builddir");
    *(void **)&reset_library = dlsym(RTLD_DEFAULT, "capture_library_reset");
    *(void **)&get_from_library = dlsym(RTLD_DEFAULT, "capture_library_get");
    if (reset_library != NULL && get_from_library != NULL)
        return true;
    snprintf(path, sizeof path, "%s/tests/support/.libs/capture.so", build != NULL ? build : ".");
    if (getenv("LD_PRELOAD") != NULL || access(path, R_OK) != 0)
        return false;
    setenv("LD_PRELOAD", path, 1);
    execv("/proc/self/exe", argv);
    return false;
}

void capture_reset(void)
{
    reset_library();
}

const struct capture *capture_get(void)
{
    return get_from_library();
}
