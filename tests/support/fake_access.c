/* fake_access.c - finds the control of a fake real driver that is loaded. */
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fake_driver.h"

const char *fake_path(const char *name)
{
    static char path[PATH_MAX];
    const char *builddir = getenv("top_builddir");
    char relative[PATH_MAX / 2];
    snprintf(relative, sizeof relative, "%.1000s/tests/support/.libs/%.100s",
             builddir != NULL ? builddir : ".", name);
    if (realpath(relative, path) == NULL)
        snprintf(path, sizeof path, "%s", relative);
    return path;
}

struct fake_control *fake_open(const char *name)
{
    fake_control_function *get_control = NULL;
    void *library = dlopen(fake_path(name), RTLD_NOW | RTLD_LOCAL);
    void *address = library != NULL ? dlsym(library, "fake_control") : NULL;
    if (address == NULL) {
        fprintf(stderr, "no %s: %s\n", name, dlerror());
        abort();
    }
    memcpy(&get_control, &address, sizeof address);
    struct fake_control *control = get_control();
    control->refuses_odbc_380 = 0;
    control->refuses_connecting = 0;
    control->refusal = NULL;
    control->refuses_freeing_statements = 0;
    control->refuses_attribute_replay = 0;
    control->disconnects_with_info = 0;
    control->is_dead = -1;
    control->cancelled = 0;
    control->calls[0] = control->statement[0] = control->connection_string[0] = '\0';
    return control;
}
