/* fuzzer.c - libFuzzer over the target that $FUZZ_TARGET names; without it, names all targets. */
#include <stdlib.h>

#include "fuzz/mutate.h"
#include "fuzz/target.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t limit, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t limit);

static const struct fuzz_target *target;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    const char *name = getenv("FUZZ_TARGET");
    (void)count;
    (void)arguments;
    target = name != NULL ? fuzz_find_target(name) : NULL;
    if (target != NULL)
        return 0;
    for (target = fuzz_targets(); name == NULL && target != NULL; target = target->next)
        puts(target->name);
    exit(name == NULL ? EXIT_SUCCESS : EXIT_FAILURE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    target->run(bytes, size);
    return 0;
}

/* What is no DER, or is now too large, is changed as any other bytes. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t limit, unsigned seed)
{
    size_t changed = target->is_der && seed % 2 == 0 ? mutate_der(bytes, size, limit, seed / 2) : 0;
    return changed > 0 ? changed : LLVMFuzzerMutate(bytes, size, limit);
}
