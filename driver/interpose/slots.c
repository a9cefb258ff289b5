#include "interpose/slots.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined __x86_64__
#define MACHINE_JUMP_SLOT R_X86_64_JUMP_SLOT
#define MACHINE_GLOB_DAT R_X86_64_GLOB_DAT
#define MACHINE_ABSOLUTE R_X86_64_64
#elif defined __i386__
#define MACHINE_JUMP_SLOT R_386_JMP_SLOT
#define MACHINE_GLOB_DAT R_386_GLOB_DAT
#define MACHINE_ABSOLUTE R_386_32
#elif defined __aarch64__
#define MACHINE_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define MACHINE_GLOB_DAT R_AARCH64_GLOB_DAT
#define MACHINE_ABSOLUTE R_AARCH64_ABS64
#elif defined __arm__
#define MACHINE_JUMP_SLOT R_ARM_JUMP_SLOT
#define MACHINE_GLOB_DAT R_ARM_GLOB_DAT
#define MACHINE_ABSOLUTE R_ARM_ABS32
#elif defined __riscv && __riscv_xlen == 64
#define MACHINE_JUMP_SLOT R_RISCV_JUMP_SLOT
#define MACHINE_GLOB_DAT R_RISCV_64 /* it has no other */
#define MACHINE_ABSOLUTE R_RISCV_64
#elif defined __powerpc64__ && defined _CALL_ELF && _CALL_ELF == 2
#define MACHINE_JUMP_SLOT R_PPC64_JMP_SLOT
#define MACHINE_GLOB_DAT R_PPC64_GLOB_DAT
#define MACHINE_ABSOLUTE R_PPC64_ADDR64
#elif defined __s390x__
#define MACHINE_JUMP_SLOT R_390_JMP_SLOT
#define MACHINE_GLOB_DAT R_390_GLOB_DAT
#define MACHINE_ABSOLUTE R_390_64
#else
#define MACHINE_IS_UNKNOWN 1
#define MACHINE_JUMP_SLOT 0
#define MACHINE_GLOB_DAT 0
#define MACHINE_ABSOLUTE 0
#endif

#if __ELF_NATIVE_CLASS == 64
#define RELOCATION_SYMBOL(info) ELF64_R_SYM(info)
#define RELOCATION_TYPE(info) ELF64_R_TYPE(info)
#else
#define RELOCATION_SYMBOL(info) ELF32_R_SYM(info)
#define RELOCATION_TYPE(info) ELF32_R_TYPE(info)
#endif

/* What the dynamic section says, as addresses in memory. */
struct image {
    ElfW(Addr) base;
    const ElfW(Sym) * symbols;
    const char *strings;
    struct table {
        const char *start;
        size_t size;
        size_t step; /* of one relocation: with or without an addend */
    } tables[3];
};

/* Some linkers relocate the pointers of a dynamic section in place, some leave it read-only. */
static const void *address_of(const struct image *image, ElfW(Addr) pointer)
{
    return (const void *)(pointer < image->base ? image->base + pointer : pointer);
}

static void read_dynamic(const struct link_map *library, struct image *image)
{
    struct table *rel = &image->tables[0], *rela = &image->tables[1], *plt = &image->tables[2];
    *image = (struct image){.base = library->l_addr};
    rel->step = plt->step = sizeof(ElfW(Rel));
    rela->step = sizeof(ElfW(Rela));
    for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++) {
        const void *pointer = address_of(image, entry->d_un.d_ptr);
        switch (entry->d_tag) {
        case DT_SYMTAB:
            image->symbols = pointer;
            break;
        case DT_STRTAB:
            image->strings = pointer;
            break;
        case DT_REL:
            rel->start = pointer;
            break;
        case DT_RELSZ:
            rel->size = entry->d_un.d_val;
            break;
        case DT_RELA:
            rela->start = pointer;
            break;
        case DT_RELASZ:
            rela->size = entry->d_un.d_val;
            break;
        case DT_JMPREL:
            plt->start = pointer;
            break;
        case DT_PLTRELSZ:
            plt->size = entry->d_un.d_val;
            break;
        case DT_PLTREL:
            if (entry->d_un.d_val == DT_RELA)
                plt->step = sizeof(ElfW(Rela));
            break;
        default:
            break;
        }
    }
}

static const struct slots_rule *find_rule(const struct slots_rule *rules, const char *name)
{
    for (; rules->name != NULL; rules++)
        if (strcmp(rules->name, name) == 0)
            return rules;
    return NULL;
}

static bool add(struct slots *slots, const struct slot *slot)
{
    struct slot *more = realloc(slots->items, (slots->count + 1) * sizeof *more);
    if (more == NULL)
        return false;
    slots->items = more;
    slots->items[slots->count++] = *slot;
    return true;
}

/* A relocation begins alike with and without an addend; a pointer into the middle of a function has
 * one, and is none of ours. */
static bool read_relocation(const struct image *image, const struct table *table, const char *at,
                            const struct slots_rule *rules, struct slots *slots,
                            struct error *error)
{
    const ElfW(Rel) *relocation = (const ElfW(Rel) *)at;
    unsigned type = RELOCATION_TYPE(relocation->r_info);
    const ElfW(Sym) *symbol = &image->symbols[RELOCATION_SYMBOL(relocation->r_info)];
    bool is_slot = type == MACHINE_JUMP_SLOT || type == MACHINE_GLOB_DAT ||
                   (type == MACHINE_ABSOLUTE &&
                    (table->step == sizeof *relocation || ((const ElfW(Rela) *)at)->r_addend == 0));
    if (!is_slot || symbol->st_shndx != SHN_UNDEF)
        return true;
    const struct slots_rule *rule = find_rule(rules, image->strings + symbol->st_name);
    if (rule == NULL)
        return true;
    if (rule->replacement == NULL)
        error_set(error, ODBCSSL_ERROR_TRANSPORT, "%s imports %s, so it %s", slots->path,
                  rule->name, rule->why);
    else if (!add(slots, &(struct slot){
                             .address = (void **)(image->base + relocation->r_offset),
                             .rule = rule,
                             .is_variable = type == MACHINE_ABSOLUTE,
                         }))
        error_set_memory(error);
    return !error_is_set(error);
}

/* The pages that the dynamic linker makes read-only: as it rounds them. */
static int find_read_only(struct dl_phdr_info *info, size_t size, void *context)
{
    struct slots *slots = context;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    (void)size;
    if (strcmp(info->dlpi_name, slots->path) != 0)
        return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_GNU_RELRO)
            continue;
        uintptr_t start = (info->dlpi_addr + header->p_vaddr) & ~(page - 1);
        uintptr_t end = (info->dlpi_addr + header->p_vaddr + header->p_memsz) & ~(page - 1);
        slots->read_only = (void *)start;
        slots->read_only_size = end > start ? end - start : 0;
    }
    return 1;
}

bool slots_find(const struct link_map *library, const struct slots_rule *rules, struct slots *slots,
                struct error *error)
{
    struct image image;
    bool is_good = true;
    *slots = (struct slots){.path = library->l_name};
#ifdef MACHINE_IS_UNKNOWN
    error_set(error, ODBCSSL_ERROR_TRANSPORT, "this machine's relocations are not known");
    return false;
#endif
    read_dynamic(library, &image);
    for (size_t i = 0; i < 3 && is_good && image.symbols != NULL && image.strings != NULL; i++) {
        const struct table *table = &image.tables[i];
        for (size_t at = 0; table->start != NULL && at + table->step <= table->size && is_good;
             at += table->step)
            is_good = read_relocation(&image, table, table->start + at, rules, slots, error);
    }
    dl_iterate_phdr(find_read_only, slots);
    if (!is_good)
        slots_free(slots);
    return is_good;
}

static const void *owner_of(const void *address, const char **path_out)
{
    Dl_info info;
    bool is_known = dladdr(address, &info) != 0;
    *path_out = is_known && info.dli_fname != NULL ? info.dli_fname : "unknown code";
    return is_known ? info.dli_fbase : NULL;
}

enum slot_state {
    SLOT_AS_LINKED, /* what the dynamic linker put there: to be set */
    SLOT_SET,
    SLOT_OTHER, /* a variable of the library's own that no longer holds the function */
    SLOT_TAKEN  /* somebody's who does as we do, and would not be called any more; error is set */
};

/* As linked is the function by its name, another version of it from the same library, or, before
 * the first call, a stub of the library's own. */
static enum slot_state look_at(const struct slots *slots, const struct slot *slot,
                               struct error *error)
{
    const char *path, *other;
    void *value = __atomic_load_n(slot->address, __ATOMIC_ACQUIRE);
    if (value == slot->rule->replacement)
        return SLOT_SET;
    void *function = dlsym(RTLD_DEFAULT, slot->rule->name);
    if (value == function)
        return SLOT_AS_LINKED;
    const void *owner = owner_of(value, &path);
    if (owner != NULL && owner == owner_of(function, &other))
        return SLOT_AS_LINKED;
    if (slot->is_variable)
        return SLOT_OTHER;
    if (owner != NULL && owner == owner_of(slot->address, &other))
        return SLOT_AS_LINKED;
    error_set(error, ODBCSSL_ERROR_TRANSPORT, "%s of %s has been led to %s already",
              slot->rule->name, slots->path, path);
    return SLOT_TAKEN;
}

static bool is_read_only(const struct slots *slots, const struct slot *slot)
{
    uintptr_t start = (uintptr_t)slots->read_only, address = (uintptr_t)slot->address;
    return address >= start && address < start + slots->read_only_size;
}

static bool protect(const struct slots *slots, int protection, struct error *error)
{
    if (slots->read_only_size == 0 ||
        mprotect(slots->read_only, slots->read_only_size, protection) == 0)
        return true;
    error_set_system(error, ODBCSSL_ERROR_TRANSPORT, errno, "the calls of %s cannot be led here",
                     slots->path);
    return false;
}

bool slots_set(struct slots *slots, struct error *error)
{
    bool is_any_read_only = false;
    for (size_t i = 0; i < slots->count; i++) {
        struct slot *slot = &slots->items[i];
        enum slot_state state = look_at(slots, slot, error);
        if (state == SLOT_TAKEN)
            return false;
        slot->is_due = state == SLOT_AS_LINKED;
        is_any_read_only = is_any_read_only || (slot->is_due && is_read_only(slots, slot));
    }
    if (is_any_read_only && !protect(slots, PROT_READ | PROT_WRITE, error))
        return false;
    for (size_t i = 0; i < slots->count; i++)
        if (slots->items[i].is_due)
            __atomic_store_n(slots->items[i].address, slots->items[i].rule->replacement,
                             __ATOMIC_RELEASE);
    return !is_any_read_only || protect(slots, PROT_READ, error);
}

bool slots_has(const struct slots *slots, const char *name)
{
    for (size_t i = 0; i < slots->count; i++)
        if (strcmp(slots->items[i].rule->name, name) == 0)
            return true;
    return false;
}

void slots_free(struct slots *slots)
{
    free(slots->items);
    *slots = (struct slots){0};
}
