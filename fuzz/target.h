/*
 * target.h - what every fuzz target is made of. A target is a parser, bytes that nobody vouches
 * for, and what has to hold whatever they are; fuzz/local.mk has all of them.
 */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buffer.h"

struct fuzz_target {
    const char *name; /* of fuzz/corpus/NAME/ */
    void (*run)(const uint8_t *bytes, size_t size);
    bool is_der; /* its input is DER, perhaps behind its length in two bytes */
    struct fuzz_target *next;
};

/* FUZZ_TARGET(name, bytes, size) { ... } defines a target that fuzz_targets() lists;
 * FUZZ_TARGET_DER one whose inputs are changed as DER. */
#define FUZZ_TARGET(target_name, bytes, size) FUZZ_TARGET_OF(target_name, false, bytes, size)
#define FUZZ_TARGET_DER(target_name, bytes, size) FUZZ_TARGET_OF(target_name, true, bytes, size)
#define FUZZ_TARGET_OF(target_name, has_der, bytes, size)                                          \
    static void run_##target_name(const uint8_t *bytes, size_t size);                              \
    __attribute__((constructor)) static void add_##target_name(void)                               \
    {                                                                                              \
        static struct fuzz_target target = {#target_name, run_##target_name, has_der, NULL};       \
        fuzz_add(&target);                                                                         \
    }                                                                                              \
    static void run_##target_name(const uint8_t *bytes, size_t size)

void fuzz_add(struct fuzz_target *target);
const struct fuzz_target *fuzz_targets(void);                 /* in the order of their names */
const struct fuzz_target *fuzz_find_target(const char *name); /* NULL: there is none */

/* Ends the program with a finding unless the condition holds. */
void fuzz_require(bool condition);

/* A file with these bytes that only we may read; there is a path to it until the descriptor that
 * is returned is closed. */
#define FUZZ_PATH_SIZE 40
int fuzz_open_file(const uint8_t *bytes, size_t size, char *path_out);

/* The bytes as a text that ends at their first NUL; the caller frees it. */
char *fuzz_text(const uint8_t *bytes, size_t size);

/* Exactly as large as the bytes, so that a sanitizer sees a read past their end; the caller
 * frees. */
unsigned char *fuzz_copy(const void *bytes, size_t size);

/* The next piece of the input, behind its length in two bytes (or what there is), copied as above.
 * NULL: there is none. */
unsigned char *fuzz_next_piece(struct cursor *cursor, size_t *size_out);

/* An AlgorithmIdentifier, and a structure that is signed with it, at which nobody looks. */
void fuzz_put_algorithm(struct buffer *out);
void fuzz_put_signed(struct buffer *out, struct buffer *content);

/* Appends DER as the input says, all of whose lengths are right: a byte is a tag; a constructed one
 * holds what follows, up to a byte of zero, and any other is followed by a size of one byte and the
 * content. Ends with the outermost element. */
void fuzz_put_der(struct cursor *cursor, struct buffer *out);

/* certificate.c: shows certificates, and checks them as a path with the server's first, as if all
 * signatures were right. */
struct certificate;
void fuzz_check_rules(struct certificate *certificates, size_t count);

#endif
