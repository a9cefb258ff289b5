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

/* What of the dynamic section matters here. */
struct image {
    ElfW(Addr) base;
    const ElfW(Sym) * symbols;
    const char *strings;
    struct table {
        const char *start;
        size_t size;
        bool has_addends;
    } tables[3];
};

static struct image read_dynamic(const struct link_map *library)
{
    static const unsigned char pointers[] = {DT_SYMTAB, DT_STRTAB, DT_REL, DT_RELA, DT_JMPREL};
    ElfW(Addr) base = library->l_addr, values[DT_NUM] = {0}; /* by tag; 0: nothing */
    for (const ElfW(Dyn) *entry = library->l_ld; entry->d_tag != DT_NULL; entry++)
        if ((size_t)entry->d_tag < DT_NUM)
            values[entry->d_tag] = entry->d_un.d_ptr;
    /* Some linkers relocate the pointers in place, some leave the section read-only. */
    for (size_t i = 0; i < sizeof pointers; i++)
        if (values[pointers[i]] != 0 && values[pointers[i]] < base)
            values[pointers[i]] += base;
    return (struct image){
        .base = base,
        .symbols = (const void *)values[DT_SYMTAB],
        .strings = (const void *)values[DT_STRTAB],
        .tables = {{(const void *)values[DT_REL], values[DT_RELSZ], false},
                   {(const void *)values[DT_RELA], values[DT_RELASZ], true},
                   {(const void *)values[DT_JMPREL], values[DT_PLTRELSZ],
                    values[DT_PLTREL] == DT_RELA}},
    };
}

/* A relocation begins alike with and without an addend; a pointer into the middle of a function has
 * one, and is none of ours. */
static bool read_relocation(const struct image *image, const char *at, bool has_addend,
                            const struct slots_rule *rule, struct slots *slots, struct error *error)
{
    const ElfW(Rel) *relocation = (const ElfW(Rel) *)at;
    unsigned type = RELOCATION_TYPE(relocation->r_info);
    const ElfW(Sym) *symbol = &image->symbols[RELOCATION_SYMBOL(relocation->r_info)];
    bool is_slot =
        type == MACHINE_JUMP_SLOT || type == MACHINE_GLOB_DAT ||
        (type == MACHINE_ABSOLUTE && (!has_addend || ((const ElfW(Rela) *)at)->r_addend == 0));
    if (!is_slot || symbol->st_shndx != SHN_UNDEF)
        return true;
    while (rule->name != NULL && strcmp(rule->name, image->strings + symbol->st_name) != 0)
        rule++;
    if (rule->name == NULL)
        return true;
    if (rule->replacement == NULL)
        return error_set(error, ODBCSSL_ERROR_TRANSPORT, "%s imports %s, so it %s", slots->path,
                         rule->name, rule->why);
    struct slot *items = realloc(slots->items, (slots->count + 1) * sizeof *items);
    if (items == NULL)
        return error_set_memory(error);
    slots->items = items;
    items[slots->count++] = (struct slot){
        .address = (void **)(image->base + relocation->r_offset),
        .rule = rule,
        .is_variable = type == MACHINE_ABSOLUTE,
    };
    return true;
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
    const struct image image = read_dynamic(library);
    bool is_good = true;
    *slots = (struct slots){.path = library->l_name, .strings = image.strings};
#ifdef MACHINE_IS_UNKNOWN
    return error_set(error, ODBCSSL_ERROR_TRANSPORT, "this machine's relocations are not known");
#endif
    for (size_t i = 0; i < 3 && is_good && image.symbols != NULL && image.strings != NULL; i++) {
        const struct table *table = &image.tables[i];
        size_t step = table->has_addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
        for (size_t at = 0; table->start != NULL && at + step <= table->size && is_good; at += step)
            is_good =
                read_relocation(&image, table->start + at, table->has_addends, rules, slots, error);
    }
    dl_iterate_phdr(find_read_only, slots);
    if (!is_good)
        slots_free(slots);
    return is_good;
}

/* Of the library that the address lies in; all zeroes: there is none. */
static Dl_info owner_of(const void *address)
{
    Dl_info info;
    return dladdr(address, &info) != 0 ? info : (Dl_info){0};
}

/* As the dynamic linker left it, and so to be set, is the function by its name, another version of
 * it from the same library, or, before the first call, a stub of the library's own. A variable may
 * hold anything else by now. false: the slot is somebody's who does as we do, and would not be
 * called any more. */
static bool look_at(const struct slots *slots, struct slot *slot, struct error *error)
{
    const struct slots_rule *rule = slot->rule;
    void *value = __atomic_load_n(slot->address, __ATOMIC_ACQUIRE);
    const void *function = dlsym(RTLD_DEFAULT, rule->name);
    slot->seen = value;
    slot->is_due = value == function && value != rule->replacement;
    if (slot->is_due || value == rule->replacement)
        return true;
    const Dl_info owner = owner_of(value);
    slot->is_due = owner.dli_fbase != NULL &&
                   (owner.dli_fbase == owner_of(function).dli_fbase ||
                    (!slot->is_variable && owner.dli_fbase == owner_of(slot->address).dli_fbase));
    return slot->is_due || slot->is_variable ||
           error_set(error, ODBCSSL_ERROR_TRANSPORT, "%s of %s has been led to %s already",
                     rule->name, slots->path,
                     owner.dli_fname != NULL ? owner.dli_fname : "unknown code");
}

static bool look_at_all(struct slots *slots, size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < slots[i].count; k++)
            if (!look_at(&slots[i], &slots[i].items[k], error))
                return false;
    return true;
}

/* Nothing but the slots may be touched here. false with errno: the pages cannot be made writable,
 * or read-only again. */
static bool set_due(const struct slots *slots)
{
    bool is_any_read_only = false;
    for (size_t i = 0; i < slots->count; i++) {
        const struct slot *slot = &slots->items[i];
        size_t offset = (uintptr_t)slot->address - (uintptr_t)slots->read_only;
        is_any_read_only |= slot->is_due && offset < slots->read_only_size;
    }
    if (is_any_read_only &&
        mprotect(slots->read_only, slots->read_only_size, PROT_READ | PROT_WRITE) != 0)
        return false;
    for (size_t i = 0; i < slots->count; i++)
        if (slots->items[i].is_due)
            __atomic_store_n(slots->items[i].address, slots->items[i].rule->replacement,
                             __ATOMIC_RELEASE);
    return !is_any_read_only || mprotect(slots->read_only, slots->read_only_size, PROT_READ) == 0;
}

static bool is_as_seen(const struct slots *slots)
{
    for (size_t i = 0; i < slots->count; i++)
        if (slots->items[i].is_due &&
            __atomic_load_n(slots->items[i].address, __ATOMIC_ACQUIRE) != slots->items[i].seen)
            return false;
    return true;
}

struct setting {
    const struct slots *slots;
    size_t count;
    bool is_outdated; /* a slot has changed since it was looked at; nothing was set */
    const struct slots *failed;
    int reason; /* errno, with failed */
};

/* Called while the dynamic linker holds the one lock that all copies of this code share. What waits
 * for its other lock, such as dlsym(), would wait for good where a thread loads a library. */
static int set_all(struct dl_phdr_info *info, size_t size, void *context)
{
    struct setting *setting = context;
    (void)info;
    (void)size;
    for (size_t i = 0; i < setting->count; i++)
        setting->is_outdated = setting->is_outdated || !is_as_seen(&setting->slots[i]);
    for (size_t i = 0; i < setting->count && !setting->is_outdated; i++) {
        if (set_due(&setting->slots[i]))
            continue;
        setting->failed = &setting->slots[i];
        setting->reason = errno;
        break;
    }
    return 1;
}

bool slots_set(struct slots *slots, size_t count, struct error *error)
{
    struct setting setting;
    do {
        setting = (struct setting){.slots = slots, .count = count};
        if (!look_at_all(slots, count, error))
            return false;
        dl_iterate_phdr(set_all, &setting);
    } while (setting.is_outdated);
    if (setting.failed == NULL)
        return true;
    error_set_system(error, ODBCSSL_ERROR_TRANSPORT, setting.reason,
                     "the calls of %s cannot be led here", setting.failed->path);
    return false;
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
