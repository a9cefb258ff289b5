/*
 * priority.c - the priorities of the process's first few priority strings, shared by its sessions;
 * they stay as long as the library, which is never unloaded.
 */
#include "tls/priority.h"

#include <stdlib.h>
#include <string.h>

#include "base/fork.h"

/* More than a process needs: two versions of its own and one SslPriority or two. */
#define KEPT 8

static struct {
    char *text;
    gnutls_priority_t priority;
} kept[KEPT];

static size_t count;
FORK_GUARDED_LOCK(kept)

/* GnuTLS counts who has a priority: one that is not kept goes with its session. */
static int make(gnutls_session_t session, const char *text, const char **position_out)
{
    gnutls_priority_t priority;
    int result = gnutls_priority_init(&priority, text, position_out);
    if (result != GNUTLS_E_SUCCESS)
        return result;
    result = gnutls_priority_set(session, priority);
    char *copy = count < KEPT ? strdup(text) : NULL;
    if (copy != NULL) {
        kept[count].text = copy;
        kept[count++].priority = priority;
    } else {
        gnutls_priority_deinit(priority);
    }
    return result;
}

int priority_apply(gnutls_session_t session, const char *text, const char **position_out)
{
    size_t i = 0;
    kept_lock();
    while (i < count && strcmp(kept[i].text, text) != 0)
        i++;
    int result = i < count ? gnutls_priority_set(session, kept[i].priority)
                           : make(session, text, position_out);
    kept_unlock();
    return result;
}
