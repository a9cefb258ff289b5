/*
 * test_browser.c - asking SQL Server Browser at the addresses of a server: one that answers, one
 * that does not know the instance, one where nobody listens.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "proto/tds_browser.h"
#include "session/browser.h"
#include "support/suite.h"

#define ANSWER "\x05\x2c\0ServerName;DB;InstanceName;SALES;tcp;51433;;"
#define OTHER_ANSWER "\x05\x2c\0ServerName;DB;InstanceName;OTHER;tcp;50000;;"

static atomic_uint signals;

static void on_alarm(int signal)
{
    (void)signal;
    atomic_fetch_add(&signals, 1);
}

/* One that gives the same answer to whatever is asked, once that many signals came. */
struct listener {
    int descriptor;
    const char *answer;
    size_t size;
    atomic_uint signals;
    pthread_t thread;
    atomic_bool is_stopped;
};

static void *answer(void *argument)
{
    struct listener *listener = argument;
    struct sockaddr_storage from;
    char question[64];
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    while (!atomic_load(&listener->is_stopped)) {
        socklen_t length = sizeof from;
        if (recvfrom(listener->descriptor, question, sizeof question, 0, (struct sockaddr *)&from,
                     &length) <= 0)
            continue;
        while (atomic_load(&signals) < atomic_load(&listener->signals))
            sched_yield();
        sendto(listener->descriptor, listener->answer, listener->size, 0, (struct sockaddr *)&from,
               length);
    }
    return NULL;
}

/* The port is the only one that clients ask: false, and skipped, when another test has it. */
static bool listen_at(struct listener *listener, const char *host, const char *text, size_t size)
{
    struct dial_target target;
    struct timeval soon = {0, 50000};
    *listener = (struct listener){.descriptor = -1, .answer = text, .size = size};
    bool is_bound = dial_resolve(host, TDS_BROWSER_PORT, &target, NULL);
    if (is_bound) {
        const struct dial_address *address = &target.addresses[0];
        listener->descriptor = socket(address->address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        is_bound = bind(listener->descriptor, (const struct sockaddr *)&address->address,
                        address->length) == 0;
        dial_target_free(&target);
    }
    if (!is_bound) {
        close(listener->descriptor);
        suite_skip(suite_text("UDP port %d of %s is not to be had", TDS_BROWSER_PORT, host));
        return false;
    }
    setsockopt(listener->descriptor, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    CHECK_FATAL(pthread_create(&listener->thread, NULL, answer, listener) == 0);
    return true;
}

static void stop(struct listener *listener)
{
    atomic_store(&listener->is_stopped, true);
    pthread_join(listener->thread, NULL);
    close(listener->descriptor);
}

/* A server with these addresses, as its name would be resolved. */
static struct dial_target target_at(const char *const *hosts)
{
    struct dial_target target, one;
    CHECK_FATAL(dial_resolve(hosts[0], 1433, &target, NULL));
    for (size_t i = 1; hosts[i] != NULL; i++) {
        CHECK_FATAL(dial_resolve(hosts[i], 1433, &one, NULL));
        target.addresses[target.count++] = one.addresses[0];
        dial_target_free(&one);
    }
    return target;
}

CASE("an address of IPv6")
{
    struct listener listener;
    struct error error = {0};
    if (!listen_at(&listener, "::1", ANSWER, sizeof ANSWER - 1))
        return;
    struct dial_target target = target_at((const char *const[]){"::1", NULL});
    CHECK(browser_find_port(&target, "sales", 20, &error));
    CHECK_TEXT(error.text, "");
    CHECK_NUMBER(target.port, 51433);
    CHECK_NUMBER(ntohs(((struct sockaddr_in6 *)&target.addresses[0].address)->sin6_port), 51433);
    dial_target_free(&target);
    stop(&listener);
}

CASE("signals do not end the wait")
{
    struct listener listener;
    struct error error = {0};
    struct itimerval timer = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
    struct sigaction action = {.sa_handler = on_alarm};
    if (!listen_at(&listener, "127.0.0.2", ANSWER, sizeof ANSWER - 1))
        return;
    struct dial_target target = target_at((const char *const[]){"127.0.0.2", NULL});
    atomic_store(&listener.signals, 100);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
    CHECK(browser_find_port(&target, "SALES", 20, &error));
    CHECK_TEXT(error.text, "");
    dial_target_free(&target);
    stop(&listener);
    setitimer(ITIMER_REAL, &none, NULL);
}

/* What the first one said is no error any more when the second one knows better. */
CASE("the second of two addresses knows the instance")
{
    struct listener first, second;
    struct error error = {0};
    if (!listen_at(&first, "127.0.0.2", OTHER_ANSWER, sizeof OTHER_ANSWER - 1))
        return;
    if (listen_at(&second, "127.0.0.3", ANSWER, sizeof ANSWER - 1)) {
        struct dial_target target =
            target_at((const char *const[]){"127.0.0.2", "127.0.0.3", NULL});
        CHECK(browser_find_port(&target, "SALES", 20, &error));
        CHECK_NUMBER(error.code, ODBCSSL_ERROR_NONE);
        CHECK_TEXT(error.text, "");
        for (size_t i = 0; i < 2; i++)
            CHECK_NUMBER(ntohs(((struct sockaddr_in *)&target.addresses[i].address)->sin_port),
                         51433);
        dial_target_free(&target);
        stop(&second);
    }
    stop(&first);
}

CASE("no address knows the instance")
{
    struct listener listener;
    struct error error = {0};
    if (!listen_at(&listener, "127.0.0.2", OTHER_ANSWER, sizeof OTHER_ANSWER - 1))
        return;
    /* Nobody listens at the second. */
    struct dial_target target = target_at((const char *const[]){"127.0.0.2", "127.0.0.4", NULL});
    CHECK(!browser_find_port(&target, "SALES", 20, &error));
    CHECK_NUMBER(error.code, ODBCSSL_ERROR_RESOLVE);
    CHECK_TEXT(error.text, "SQL Server Browser does not know an instance SALES");
    CHECK_NUMBER(target.port, 1433);
    dial_target_free(&target);
    stop(&listener);
}

SUITE("browser", NULL, NULL)
