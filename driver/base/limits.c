/* limits.c - the messages for want of descriptors and threads: the limit that was met, and how far.
 */
#include "base/limits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* "4096", "unlimited" */
static const char *limit_text(int resource, char *out, size_t size)
{
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0)
        snprintf(out, size, "an unknown number");
    else if (limit.rlim_cur == RLIM_INFINITY)
        snprintf(out, size, "unlimited");
    else
        snprintf(out, size, "%llu", (unsigned long long)limit.rlim_cur);
    return out;
}

void limits_set_descriptors(struct error *error, enum odbcssl_error code, int system_error,
                            unsigned wanted, const char *what)
{
    char limit[32];
    if (system_error == EMFILE)
        error_set(error, code,
                  "%s: no descriptor is free: all %s that this process may have (RLIMIT_NOFILE, "
                  "ulimit -n) are in use, and %u more %s needed",
                  what, limit_text(RLIMIT_NOFILE, limit, sizeof limit), wanted,
                  wanted == 1 ? "is" : "are");
    else if (system_error == ENFILE)
        error_set(error, code,
                  "%s: no descriptor is free in the whole system (fs.file-max), and %u more %s "
                  "needed",
                  what, wanted, wanted == 1 ? "is" : "are");
    else
        error_set_system(error, code, system_error, "%s", what);
}

/* Of this process, from /proc; 0: not known. */
static unsigned count_threads(void)
{
    char line[128];
    unsigned count = 0;
    FILE *file = fopen("/proc/self/status", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Threads:", 8) == 0)
            count = (unsigned)strtoul(line + 8, NULL, 10);
    if (file != NULL)
        fclose(file);
    return count;
}

void limits_set_threads(struct error *error, enum odbcssl_error code, int system_error,
                        unsigned wanted, const char *what)
{
    char limit[32];
    if (system_error == EAGAIN)
        error_set(error, code,
                  "%s: the system gives no thread: this process has %u, the user may have %s "
                  "(RLIMIT_NPROC, ulimit -u; the control group's pids.max and kernel.threads-max "
                  "count, too), and %u more %s needed",
                  what, count_threads(), limit_text(RLIMIT_NPROC, limit, sizeof limit), wanted,
                  wanted == 1 ? "is" : "are");
    else if (system_error == ENOMEM)
        error_set(error, ODBCSSL_ERROR_MEMORY, "%s: no memory for a thread's stack", what);
    else
        error_set_system(error, code, system_error, "%s", what);
}
