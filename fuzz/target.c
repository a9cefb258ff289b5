/* target.c - the list of targets, and what they share. */
#include "fuzz/target.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fuzz_target *targets;

void fuzz_add(struct fuzz_target *target)
{
    struct fuzz_target **place = &targets;
    while (*place != NULL && strcmp((*place)->name, target->name) < 0)
        place = &(*place)->next;
    target->next = *place;
    *place = target;
}

const struct fuzz_target *fuzz_targets(void)
{
    return targets;
}

const struct fuzz_target *fuzz_find_target(const char *name)
{
    const struct fuzz_target *target = targets;
    while (target != NULL && strcmp(target->name, name) != 0)
        target = target->next;
    return target;
}

void fuzz_require(bool condition)
{
    if (!condition)
        abort();
}

int fuzz_open_file(const uint8_t *bytes, size_t size, char *path_out)
{
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    fuzz_require(descriptor >= 0 && fchmod(descriptor, 0600) == 0);
    fuzz_require(write(descriptor, bytes, size) == (ssize_t)size);
    snprintf(path_out, FUZZ_PATH_SIZE, "/proc/self/fd/%d", descriptor);
    return descriptor;
}

char *fuzz_text(const uint8_t *bytes, size_t size)
{
    char *text = malloc(size + 1);
    fuzz_require(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}
