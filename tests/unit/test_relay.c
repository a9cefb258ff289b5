/*
 * test_relay.c - the relay between a client that speaks plain PostgreSQL and real or hostile
 * servers.
 */
#include "test_relay.h"

#include <string.h>

/* The ThreadSanitizer does not expect a forked child to start threads. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "die_after_fork=0";
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "exit") == 0)
        return relay_exit_at_work(argv[2], argv[3]);
    if (argc == 4 && strcmp(argv[1], "leave") == 0)
        return relay_leave(argv[2], argv[3]);
    return suite_main(argc, argv);
}
