/*
 * slots.h - leads a loaded library's calls of libc to other functions.
 *
 * A library reaches recv through a slot of its global offset table that the dynamic linker has
 * filled in (ELF gABI, "Relocation"; the psABI of each machine names the types). The slot is found
 * by its relocation and set with one atomic store; slots that are read-only after linking
 * (PT_GNU_RELRO) are writable for that moment. Nothing becomes executable.
 */
#ifndef INTERPOSE_SLOTS_H
#define INTERPOSE_SLOTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct link_map;

/* What happens to the imports of one name. */
struct slots_rule {
    const char *name;
    void *replacement; /* NULL: a library that imports it is refused */
    const char *why;   /* with NULL: behind "the library imports fork, which " */
};

struct slot {
    void **address;
    const struct slots_rule *rule;
    bool is_variable; /* the library may have assigned to it; else the linker's alone */
    bool is_due;      /* to be set now */
    void *seen;       /* what it led to, when it was looked at */
};

/* One library's slots. All zeroes: nothing was looked at yet. */
struct slots {
    const char *path;    /* the library's; lives as long as it is loaded, as its strings do */
    const char *strings; /* DT_STRTAB; NULL: none */
    struct slot *items;
    size_t count;
    void *read_only; /* the pages that are so; NULL: none */
    size_t read_only_size;
};

/* Finds the slots that rules name (ended by a NULL name) in the library, which must stay loaded.
 * false: error says what stands in the way; slots is then empty. */
bool slots_find(const struct link_map *library, const struct slots_rule *rules, struct slots *slots,
                struct error *error);

/* Sets those of count libraries that are not set, also ones that were set and have been reset: all
 * of them or none. A slot that leads neither to libc nor to the linker's stub is somebody else's,
 * and is refused. One thread at a time for the same slots; another copy of this code in the process
 * may be at work on the same libraries. */
bool slots_set(struct slots *slots, size_t count, struct error *error);

/* Whether the library has a slot for the name. */
bool slots_has(const struct slots *slots, const char *name);

void slots_free(struct slots *slots);

#endif
