/*
 * replay.c - runs a fuzz target over folders without a fuzzer: so every input that ever mattered is
 * tried again by `make check`. Without arguments the folder is fuzz/corpus/FUZZ_CORPUS below
 * $top_srcdir; FUZZ_CORPUS is defined at compile time.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz/target.h"

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return -1;
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    /* Exactly as large as the input, so that a sanitizer sees a read past its end. */
    uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
    size_t got = bytes != NULL && size > 0 ? fread(bytes, 1, (size_t)size, file) : 0;
    fclose(file);
    if (bytes == NULL)
        return -1;
    LLVMFuzzerTestOneInput(bytes, got);
    free(bytes);
    return 0;
}

static int replay_folder(const char *path, unsigned *number)
{
    struct dirent **entries = NULL;
    int failed = 0;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char name[4096];
        struct stat status;
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        if (stat(name, &status) == 0 && S_ISREG(status.st_mode)) {
            int outcome = replay_file(name);
            printf("%s %u - %s\n", outcome == 0 ? "ok" : "not ok", ++*number, entries[i]->d_name);
            failed += outcome != 0;
        }
        free(entries[i]);
    }
    free(entries);
    return failed + (count <= 0);
}

static int replay_corpus(unsigned *number)
{
    char path[4096];
    const char *source = getenv("top_srcdir");
    snprintf(path, sizeof path, "%s/fuzz/corpus/%s", source != NULL ? source : ".", FUZZ_CORPUS);
    return replay_folder(path, number);
}

int main(int argc, char **argv)
{
    unsigned number = 0;
    int failed = 0;
    for (int i = 1; i < argc; i++)
        failed += replay_folder(argv[i], &number);
    if (argc <= 1)
        failed += replay_corpus(&number);
    printf("1..%u\n", number);
    return failed == 0 && number > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
