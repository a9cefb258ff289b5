/*
 * replay.c - runs fuzz targets over their corpora without a fuzzer, so that `make check` tries
 * every input again that ever mattered: replay [TARGET [FILE]]. Corpora are below
 * $top_srcdir/fuzz/corpus.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/target.h"

static bool replay_file(const struct fuzz_target *target, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    /* Exactly as large as the input, so that a sanitizer sees a read past its end. */
    uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
    size_t got = bytes != NULL && size > 0 ? fread(bytes, 1, (size_t)size, file) : 0;
    fclose(file);
    if (bytes == NULL)
        return false;
    target->run(bytes, got);
    free(bytes);
    return true;
}

/* The target's name as it begins: should it crash, the last line says on what. */
static void replay_corpus(const struct fuzz_target *target, unsigned *number)
{
    char folder[4096], path[8192];
    struct dirent **entries = NULL;
    struct stat status;
    const char *source = getenv("top_srcdir");
    unsigned first = *number;
    snprintf(folder, sizeof folder, "%s/fuzz/corpus/%s", source != NULL ? source : ".",
             target->name);
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
            printf("# %s: %s\n", target->name, entries[i]->d_name);
            fflush(stdout);
            bool is_run = replay_file(target, path);
            printf("%s %u - %s: %s\n", is_run ? "ok" : "not ok", ++*number, target->name,
                   entries[i]->d_name);
        }
        free(entries[i]);
    }
    free(entries);
    if (*number == first)
        printf("not ok %u - %s has no corpus\n", ++*number, target->name);
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    const struct fuzz_target *target = argc > 1 ? fuzz_find_target(argv[1]) : fuzz_targets();
    if (argc > 2)
        return target != NULL && replay_file(target, argv[2]) ? EXIT_SUCCESS : EXIT_FAILURE;
    for (; target != NULL; target = argc > 1 ? NULL : target->next)
        replay_corpus(target, &number);
    printf("1..%u\n", number);
    return number > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
