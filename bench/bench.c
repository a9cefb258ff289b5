/*
 * bench.c - `make bench`: every work, turn by turn, on both sides of each comparison.
 *
 *      bench [--quick] [--only WORD] [--json FILE]
 *
 * WORD: only results whose name contains it.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "support/pki.h"

/* A process that does the turns of one subject. */
struct runner {
    pid_t process;
    int channel; /* the parent writes the work's number, and reads an answer */
};

struct answer {
    bool is_good;
    double values[BENCH_VALUES];
};

struct options {
    bool is_quick;
    const char *only;
    const char *json;
};

static void serve(int channel, const struct subject *subject, const struct dialect *dialect,
                  bool is_quick)
{
    size_t number;
    while (read(channel, &number, sizeof number) == sizeof number) {
        const struct work *work = &bench_works[number];
        struct answer answer = {0};
        answer.is_good =
            work->run(subject, dialect, is_quick ? work->quick_size : work->size, answer.values);
        if (write(channel, &answer, sizeof answer) != sizeof answer)
            break;
    }
}

static bool runner_start(struct runner *runner, const struct server *server, enum subject_kind kind,
                         bool is_quick)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    fflush(NULL);
    runner->process = fork();
    if (runner->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(ends[0]);
        serve(ends[1], &server->subjects[kind], &server->dialect, is_quick);
        _exit(0);
    }
    close(ends[1]);
    runner->channel = ends[0];
    return runner->process > 0;
}

static void runner_stop(struct runner *runner)
{
    if (runner->process <= 0)
        return;
    shutdown(runner->channel, SHUT_RDWR); /* younger runners hold it too */
    close(runner->channel);
    waitpid(runner->process, NULL, 0);
    runner->process = 0;
}

static bool runner_turn(struct runner *runner, size_t number, double *values_out)
{
    struct answer answer = {0};
    bool is_good = write(runner->channel, &number, sizeof number) == sizeof number &&
                   read(runner->channel, &answer, sizeof answer) == sizeof answer && answer.is_good;
    memcpy(values_out, answer.values, sizeof answer.values);
    return is_good;
}

static bool takes_part(const struct server *server, const struct work *work, enum subject_kind kind)
{
    const struct subject *subject = &server->subjects[kind];
    return subject->connection[0] != '\0' && (kind != SUBJECT_TUNNEL || work->is_for_tunnel) &&
           (work->is_possible == NULL || work->is_possible(subject, &server->dialect));
}

static bool is_wanted(const struct server *server, const struct work *work, const char *only)
{
    if (only == NULL)
        return true;
    for (size_t i = 0; i < BENCH_VALUES && work->metrics[i].name != NULL; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", server->dialect.prefix, work->metrics[i].name);
        if (strstr(name, only) != NULL)
            return true;
    }
    return false;
}

typedef double samples[SUBJECT_COUNT][BENCH_VALUES][BENCH_ROUNDS];

static void report(const struct server *server, const struct work *work, samples values,
                   const bool *has_run)
{
    for (size_t i = 0; i < BENCH_VALUES && work->metrics[i].name != NULL; i++) {
        const struct metric *metric = &work->metrics[i];
        double medians[SUBJECT_COUNT] = {0};
        for (size_t kind = 0; kind < SUBJECT_COUNT; kind++)
            if (has_run[kind])
                medians[kind] = measure_median(values[kind][i], BENCH_ROUNDS) * metric->scale;
        struct result result = {.unit = metric->unit,
                                .ours = medians[SUBJECT_OURS],
                                .theirs = medians[SUBJECT_THEIRS],
                                .target = metric->target,
                                .is_higher_better = metric->is_higher_better};
        snprintf(result.name, sizeof result.name, "%s%s", server->dialect.prefix, metric->name);
        results_add(&result);
        result.target = 0;
        result.ours = medians[SUBJECT_RELAY];
        snprintf(result.name, sizeof result.name, "%s%s_relay", server->dialect.prefix,
                 metric->name);
        results_add(&result);
        if (!has_run[SUBJECT_TUNNEL])
            continue;
        result.ours = medians[SUBJECT_OURS];
        result.theirs = medians[SUBJECT_TUNNEL];
        snprintf(result.name, sizeof result.name, "%s%s_stunnel", server->dialect.prefix,
                 metric->name);
        results_add(&result);
    }
}

static bool measure(const struct server *server, size_t number, struct runner *runners,
                    const struct options *options)
{
    const struct work *work = &bench_works[number];
    static samples values;
    bool has_run[SUBJECT_COUNT] = {false};
    for (int round = -1; round < BENCH_ROUNDS; round++) { /* -1 warms up */
        for (enum subject_kind kind = 0; kind < SUBJECT_COUNT; kind++) {
            struct runner fresh = {0}, *runner = &runners[kind];
            double turn[BENCH_VALUES];
            if (!takes_part(server, work, kind))
                continue;
            if (work->is_fresh) {
                runner = &fresh;
                if (!runner_start(runner, server, kind, options->is_quick))
                    return false;
            }
            bool is_good = runner_turn(runner, number, turn);
            runner_stop(&fresh);
            if (!is_good) {
                fprintf(stderr, "bench: %s%s failed for subject %d\n", server->dialect.prefix,
                        work->metrics[0].name, kind);
                return false;
            }
            has_run[kind] = true;
            for (size_t i = 0; round >= 0 && i < BENCH_VALUES; i++)
                values[kind][i][round] = turn[i];
        }
    }
    if (has_run[SUBJECT_OURS] && has_run[SUBJECT_THEIRS])
        report(server, work, values, has_run);
    return true;
}

static bool measure_server(const struct server *server, const struct options *options)
{
    struct runner runners[SUBJECT_COUNT] = {0};
    bool is_good = true;
    for (enum subject_kind kind = 0; kind < SUBJECT_COUNT; kind++)
        is_good = is_good && runner_start(&runners[kind], server, kind, options->is_quick);
    for (size_t i = 0; is_good && bench_works[i].run != NULL; i++)
        if (is_wanted(server, &bench_works[i], options->only))
            is_good = measure(server, i, runners, options);
    for (enum subject_kind kind = 0; kind < SUBJECT_COUNT; kind++)
        runner_stop(&runners[kind]);
    return is_good;
}

static bool measure_crl(const char *self, bool is_quick)
{
    char *folder = pki_temp_dir();
    bool is_good = folder != NULL && crl_measure(self, folder, is_quick ? 100000 : 1000000,
                                                 is_quick ? 3 : BENCH_ROUNDS);
    pki_temp_dir_remove(&folder);
    return is_good;
}

static void print_limits(void)
{
    double decrypt, copy;
    if (measure_limits(&decrypt, &copy))
        printf("the limit: of the processor time per GB, AES-256-GCM takes %.3f s and one copy "
               "%.3f s\n",
               decrypt, copy);
}

int main(int argc, char **argv)
{
    static struct server servers[3];
    struct options options = {.json = "results.json"};
    static const struct option names[] = {{"quick", no_argument, NULL, 'q'},
                                          {"only", required_argument, NULL, 'o'},
                                          {"json", required_argument, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    if (argc == 3 && strcmp(argv[1], "--load-crl") == 0)
        return crl_load(argv[2]);
    for (int given; (given = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (given == '?')
            return 2;
        if (given == 'q')
            options.is_quick = true;
        else if (given == 'o')
            options.only = optarg;
        else
            options.json = optarg;
    }
    size_t count = servers_start(servers);
    bool is_good = count > 0;
    for (size_t i = 0; is_good && i < count; i++)
        is_good = measure_server(&servers[i], &options);
    servers_stop();
    if (is_good && (options.only == NULL || strstr("crl_first_load", options.only) != NULL))
        is_good = measure_crl(argv[0], options.is_quick);
    print_limits();
    return results_write(options.json) && is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
