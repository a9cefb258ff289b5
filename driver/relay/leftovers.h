/*
 * leftovers.h - private directories of endpoints whose process ended without a word: killed, or by
 * _exit. Their names say which: odbcssl-PID-XXXXXX.
 */
#ifndef RELAY_LEFTOVERS_H
#define RELAY_LEFTOVERS_H

#define LEFTOVERS_PREFIX "odbcssl-"

/* Removes those of this user in parent, once in each process. A directory counts as left behind
 * when its process does not exist and nobody listens on its socket: another container may share the
 * folder, and its processes are not seen from here. */
void leftovers_remove(const char *parent);

#endif
