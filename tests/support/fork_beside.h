/*
 * fork_beside.h - forks while other threads are at work: a child has none of them, and must find
 * none of our locks taken.
 */
#ifndef TESTS_FORK_BESIDE_H
#define TESTS_FORK_BESIDE_H

#include <stdbool.h>

/* Threads do beside again and again, and children that are forked meanwhile do in_child once each.
 * false: a child hung, or in_child returned false in one. */
bool fork_beside(bool (*beside)(void), bool (*in_child)(void));

#endif
