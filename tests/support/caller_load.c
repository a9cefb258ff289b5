/* caller_load.c - loads a build of the caller and finds its functions. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/caller.h"

const struct caller *caller_load(const char *name, int mode)
{
    char path[1024];
    const char *build = getenv("top_builddir");
    snprintf(path, sizeof path, "%s/tests/support/.libs/%s.so", build != NULL ? build : ".", name);
    void *library = dlopen(path, mode);
    if (library == NULL)
        printf("# %s\n", dlerror());
    return library != NULL ? dlsym(library, "caller") : NULL;
}
