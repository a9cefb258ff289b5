/* A real driver that reaches the network by another library: it imports nothing of sockets. */
#include "support/caller.h"

extern const struct caller caller;

__attribute__((visibility("default"))) const struct caller *caller_of_driver(void);
const struct caller *caller_of_driver(void)
{
    return &caller;
}
