/*
 * test_confined.c - odbcssl in processes that may do less than others, or more: set-user-ID
 * programs, which do not believe their environment; sandboxes that forbid to change the protection
 * of memory; few descriptors, and no threads.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "support/tools.h"
#include "system/guest.h"

#define NOBODY 65534
#define EXIT_SKIPPED 77
#define OUTPUT_SIZE 20000

/* What the relay takes beside the bare driver's. */
#define RELAY_DESCRIPTORS 4
#define SPARE_LIMIT 9

static struct fixture fixture;

/* ---- programs of their own ---- */

static void tell(struct odbc_session *session, bool is_connected)
{
    if (is_connected)
        printf("connected, state %u, version %x, transport %u\n",
               odbc_info_number(session, SQL_SSL_STATE),
               odbc_info_number(session, SQL_SSL_PROTOCOL_VERSION),
               odbc_info_number(session, SQL_SSL_TRANSPORT));
    else
        printf("%s\n", session->diagnostics);
}

/* --connect CONNECTION-STRING */
static int program_connect(const char *text)
{
    static struct odbc_session session;
    printf("%s, ", getauxval(AT_SECURE) != 0 ? "privileged" : "plain");
    tell(&session, odbc_connect(&session, "%s", text));
    odbc_close(&session);
    return 0;
}

/* ---- set-user-ID programs ---- */

/* How a caller may try to lead such a program: with one variable, what becomes of the settings in a
 * plain program, and what in a privileged one. */
static const struct temptation {
    const char *variable, *value; /* @: the folder */
    const char *settings;
    const char *plain, *privileged;
} temptations[] = {
    {"PGSSLMODE", "disable", "", "connected, state 0", "connected, state 3"},
    {"PGSSLROOTCERT", "@/root.pem", "SslMode=verify-full", "state 5", "SslRootCert=system"},
    {"HOME", "@/home", "SslMode=verify-full", "state 5", "SslRootCert=system"},
    {"PGSSLCRL", "/nonexistent", "SslRootCert=@/root.pem", "/nonexistent", "state 5"},
    {"PGSSLCERT", "/nonexistent", "SslRootCert=@/root.pem", "/nonexistent", "state 5"},
    {"PGHOSTADDR", "127.0.0.9", "SslRootCert=@/root.pem", "127.0.0.9", "state 5"},
    {"GNUTLS_SYSTEM_PRIORITY_FILE", "@/priority", "SslRootCert=@/root.pem", "version 303",
     "version 304"},
    /* libpq believes it in every program, and is told better in every program. */
    {"PGSERVICE", "elsewhere", "SslRootCert=@/root.pem", "state 5", "state 5"},
};

static void copy_program(const char *path)
{
    char bytes[65536];
    ssize_t got;
    int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
    while ((got = read(from, bytes, sizeof bytes)) > 0)
        CHECK_FATAL(write(to, bytes, (size_t)got) == got);
    CHECK(fchmod(to, 04755) == 0);
    close(from);
    close(to);
}

/* What the program prints, as another user; it is root's. */
static const char *run_privileged(const char *path, const char *text)
{
    static char out[OUTPUT_SIZE];
    char *const arguments[] = {(char *)path, (char *)"--connect", (char *)text, NULL};
    pid_t child;
    int ends[2];
    size_t used = 0;
    ssize_t got;
    CHECK_FATAL(pipe2(ends, O_CLOEXEC) == 0);
    child = guest_fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        if (setgid(NOBODY) == 0 && setuid(NOBODY) == 0)
            execv(path, arguments);
        _exit(127);
    }
    close(ends[1]);
    while (used < sizeof out - 1 && (got = read(ends[0], out + used, sizeof out - 1 - used)) > 0)
        used += (size_t)got;
    out[used] = '\0';
    close(ends[0]);
    CHECK_NUMBER(guest_wait(child), 0);
    return out;
}

static const char *run_plain(const char *text)
{
    static char out[OUTPUT_SIZE];
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)"--connect", (char *)text, NULL};
    CHECK_NUMBER(tools_spawn(arguments, out, sizeof out), 0);
    return out;
}

static const char *connection_string(const char *settings)
{
    return fixture_source(&fixture, ODBC_POSTGRESQL, fixture_expand(settings, "@", fixture.folder));
}

static void check_temptation(const struct temptation *temptation, const char *program)
{
    char *before = getenv(temptation->variable);
    before = before != NULL ? strdup(before) : NULL;
    setenv(temptation->variable, fixture_expand(temptation->value, "@", fixture.folder), 1);
    printf("# %s\n", temptation->variable);
    const char *text = connection_string(temptation->settings);
    CHECK_CONTAINS(run_plain(text), temptation->plain);
    const char *out = run_privileged(program, text);
    CHECK_CONTAINS(out, "privileged, ");
    CHECK_CONTAINS(out, temptation->privileged);
    if (before != NULL)
        setenv(temptation->variable, before, 1);
    else
        unsetenv(temptation->variable);
    free(before);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* The secrets of TLS, in a file of the caller's choice: GnuTLS's own work. */
static void check_key_log(const char *program)
{
    const char *plain = fixture_path(&fixture, "plain-keys");
    const char *privileged = fixture_path(&fixture, "privileged-keys");
    const char *text = connection_string("SslRootCert=@/root.pem");
    setenv("SSLKEYLOGFILE", plain, 1);
    CHECK_CONTAINS(run_plain(text), "state 5");
    CHECK(is_there(plain));
    setenv("SSLKEYLOGFILE", privileged, 1);
    CHECK_CONTAINS(run_privileged(program, text), "state 5");
    CHECK(!is_there(privileged));
    unsetenv("SSLKEYLOGFILE");
}

/* FreeTDS would read the caller's. */
static void check_freetds_conf(const char *program)
{
    const char *text = "DRIVER={" ODBC_FREETDS "};Servername=odbcssl-of-home;UID=u;PWD=p";
    const struct passwd *root = getpwuid(0);
    CHECK_FATAL(root != NULL);
    const char *searched = suite_text("(searched: %s/.freetds.conf and ", root->pw_dir);
    CHECK_CONTAINS(run_privileged(program, text), searched);
}

CASE("a set-user-ID program does not believe its environment")
{
    const char *path = fixture_path(&fixture, "privileged");
    if (getuid() != 0) {
        suite_skip("only root can make a program that runs with more rights than its caller");
        return;
    }
    if (SUITE_IS_SANITIZED) {
        suite_skip("a sanitizer believes its environment");
        return;
    }
    copy_program(path);
    if (strstr(run_privileged(path, connection_string("")), "privileged") == NULL) {
        suite_skip("the temporary folder is on a file system without set-user-ID programs");
        return;
    }
    for (size_t i = 0; i < sizeof temptations / sizeof temptations[0]; i++)
        check_temptation(&temptations[i], path);
    check_key_log(path);
    check_freetds_conf(path);
}

/* ---- sandboxes ---- */

enum sandbox {
    SANDBOX_SEALED,     /* what the dynamic linker made read-only stays so */
    SANDBOX_NO_EXECUTE, /* no memory becomes executable */
    SANDBOX_NO_PROTECT  /* no protection of memory is changed at all */
};

static const char *const sandbox_names[] = {"sealed", "no-execute", "no-protect"};

struct range {
    uintptr_t start, end;
};

static int find_sealed(struct dl_phdr_info *info, size_t size, void *context)
{
    struct range *range = context;
    (void)size;
    if (strstr(info->dlpi_name, "/libpq.so") == NULL)
        return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            range->start = start & ~(uintptr_t)4095;
            range->end = start + info->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)
#define DENIED (SECCOMP_RET_ERRNO | EPERM)
#define ARGUMENT(number) args[number] /* its lower half: little-endian */

static bool filter(struct sock_filter *rows, size_t count)
{
    const struct sock_fprog program = {(unsigned short)count, rows};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool enter_sandbox(enum sandbox sandbox)
{
    struct range range = {0, 0};
    dl_iterate_phdr(find_sealed, &range);
    struct sock_filter sealed[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 6),
        LOAD(ARGUMENT(0)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)range.start, 0, 4),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)range.end, 3, 0),
        LOAD(ARGUMENT(2)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 0, 1),
        ANSWER(DENIED),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_filter no_execute[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
        LOAD(ARGUMENT(2)),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
        ANSWER(DENIED),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_filter no_protect[] = {
        LOAD(nr),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 1),
        ANSWER(DENIED),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    switch (sandbox) {
    case SANDBOX_SEALED:
        return range.start != 0 && filter(sealed, sizeof sealed / sizeof sealed[0]);
    case SANDBOX_NO_EXECUTE:
        return filter(no_execute, sizeof no_execute / sizeof no_execute[0]);
    case SANDBOX_NO_PROTECT:
        return filter(no_protect, sizeof no_protect / sizeof no_protect[0]);
    }
    return false;
}

/* --sandbox NAME TRANSPORT LOG: what is needed is loaded before the door is shut, by the bare
 * driver. */
static int program_sandbox(const char *name, const char *transport, const char *log)
{
    static struct odbc_session session, bare;
    enum sandbox sandbox = SANDBOX_SEALED;
    while (strcmp(sandbox_names[sandbox], name) != 0)
        sandbox++;
    if (dlopen(suite_built("driver/odbc/.libs/libodbcssl.so"), RTLD_NOW | RTLD_LOCAL) == NULL)
        return 1;
    odbc_connect(&bare, "DRIVER={%s};Servername=localhost;Port=1;UID=x", ODBC_NATIVE_POSTGRESQL);
    dlopen("psqlodbcw.so", RTLD_NOW | RTLD_LOCAL);
    if (!enter_sandbox(sandbox))
        return EXIT_SKIPPED;
    tell(&session,
         guest_connect(&session, suite_text("SslTransport=%s;SslTrace=%s", transport, log)));
    odbc_close(&session);
    return 0;
}

static bool is_sandboxed(void)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && defined SYS_mprotect && defined SYS_mmap
    if (!SUITE_IS_SANITIZED)
        return true;
    suite_skip("a sanitizer changes the protection of memory itself");
#else
    suite_skip("this machine's system calls are not known to the test");
#endif
    return false;
}

static char trace[65536];

/* What the program prints; trace holds what it logged. */
static const char *run_in_sandbox(enum sandbox sandbox, const char *transport)
{
    static char out[OUTPUT_SIZE];
    char log[1024];
    snprintf(log, sizeof log, "%s", fixture_path(&fixture, "sandbox.log"));
    char *const arguments[] = {(char *)"/proc/self/exe",
                               (char *)"--sandbox",
                               (char *)sandbox_names[sandbox],
                               (char *)transport,
                               log,
                               NULL};
    remove(log);
    int status = tools_spawn(arguments, out, sizeof out);
    if (status == EXIT_SKIPPED)
        suite_skip("the kernel takes no seccomp filter");
    else
        CHECK_NUMBER(status, 0);
    suite_read(log, trace, sizeof trace);
    printf("# %s, %s: %s", sandbox_names[sandbox], transport, out);
    return status == EXIT_SKIPPED ? NULL : out;
}

CASE("slots that stay read-only: the relay serves, and says so")
{
    const char *out;
    if (!is_sandboxed() || (out = run_in_sandbox(SANDBOX_SEALED, "auto")) == NULL)
        return;
    CHECK_CONTAINS(out, "connected, state 5, version 304, transport 1");
    CHECK_CONTAINS(trace, "the relay serves, as the real driver cannot be interposed");
    CHECK_CONTAINS(trace, "Operation not permitted");
    out = run_in_sandbox(SANDBOX_SEALED, "interpose");
    CHECK_CONTAINS(out, "[odbcssl] SslTransport=interpose, but the real driver");
    CHECK_CONTAINS(out, "Operation not permitted");
    CHECK_CONTAINS(run_in_sandbox(SANDBOX_SEALED, "relay"), "connected, state 5");
}

CASE("no memory becomes executable: calls are led here")
{
    const char *out;
    if (!is_sandboxed() || (out = run_in_sandbox(SANDBOX_NO_EXECUTE, "auto")) == NULL)
        return;
    CHECK_CONTAINS(out, "connected, state 5, version 304, transport 2");
    CHECK_CONTAINS(run_in_sandbox(SANDBOX_NO_EXECUTE, "relay"), "transport 1");
}

CASE("no protection of memory can be changed")
{
    const char *out;
    if (!is_sandboxed() || (out = run_in_sandbox(SANDBOX_NO_PROTECT, "auto")) == NULL)
        return;
    /* No thread can be had for the relay either. */
    CHECK_CONTAINS(out, "[odbcssl] the relay's thread cannot start: Operation not permitted");
}

/* ---- descriptors ---- */

static rlim_t limit_descriptors(rlim_t wanted)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = wanted;
    setrlimit(RLIMIT_NOFILE, &limit);
    return before;
}

/* All below the result are in use. */
static int fill_descriptors(void)
{
    int last = 0;
    for (int i = 3; i < 1024; i++)
        if (fcntl(i, F_GETFD) >= 0)
            last = i;
    for (int number = 0; number <= last;)
        number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    return last + 2;
}

/* --descriptors CONNECTION-STRING: prints for each small number of free descriptors whether one can
 * connect, or why not. */
static int program_descriptors(const char *text)
{
    static struct odbc_session session;
    if (!odbc_connect(&session, "%s", text))
        return 1;
    odbc_close(&session);
    int used = fill_descriptors();
    for (int spare = 0; spare <= SPARE_LIMIT; spare++) {
        rlim_t before = limit_descriptors((rlim_t)(used + spare));
        bool is_good = odbc_connect(&session, "%s", text) && guest_works(&session);
        printf("%d: %s", spare, is_good ? "good\n" : session.diagnostics);
        odbc_close(&session);
        limit_descriptors(before);
        /* Nothing stays of it, and it works again. */
        int number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        close(number);
        if (number != used || !odbc_connect(&session, "%s", text) || !guest_works(&session))
            return 2;
        odbc_close(&session);
    }
    return 0;
}

/* With how few it connects; out says why it did not with fewer. */
static unsigned count_needed(const char *text, char *out)
{
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)"--descriptors", (char *)text,
                               NULL};
    unsigned needed = 0;
    CHECK_NUMBER(tools_spawn(arguments, out, OUTPUT_SIZE), 0);
    const char *good = strstr(out, ": good\n");
    CHECK_FATAL(good != NULL);
    sscanf(good - (good - out > 1 && good[-2] != '\n' ? 2 : 1), "%u", &needed);
    for (const char *line = out; line < good - 2; line = strchr(line, '\n') + 1)
        printf("# %.*s\n", (int)strcspn(line, "\n"), line);
    printf("# %u are enough\n", needed);
    return needed;
}

CASE("few descriptors")
{
    static char out[OUTPUT_SIZE];
    const char *text = fixture_source(&fixture, ODBC_NATIVE_POSTGRESQL,
                                      suite_text("SSLmode=verify-full;pqopt={sslrootcert=%s}",
                                                 fixture_path(&fixture, "root.pem")));
    /* The bare driver's message is then made of what lies behind a buffer of libpq's, which the
     * address sanitizer does not suffer. */
    unsigned bare = SUITE_IS_SANITIZED ? SPARE_LIMIT : count_needed(text, out);
    unsigned ours = count_needed(guest_connection_string(ODBC_POSTGRESQL, ""), out);
    CHECK(ours <= bare + (guest_is_relayed() ? RELAY_DESCRIPTORS : 0));
    /* Each failure before says what was wanting. */
    char *line = strtok(out, "\n");
    for (unsigned i = 0; i < ours && line != NULL; i++, line = strtok(NULL, "\n"))
        CHECK(strstr(line, "no descriptor is free") != NULL ||
              strstr(line, "Too many open files") != NULL);
}

/* ---- threads ---- */

/* --no-thread: as a user who may have no other. */
static int program_no_thread(void)
{
    static struct odbc_session session;
    const struct rlimit limit = {1, 1};
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || setrlimit(RLIMIT_NPROC, &limit) != 0)
        return EXIT_SKIPPED;
    tell(&session, guest_connect(&session, ""));
    odbc_close(&session);
    return 0;
}

CASE("no thread")
{
    char out[OUTPUT_SIZE];
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)"--no-thread", NULL};
    if (SUITE_IS_SANITIZED) {
        suite_skip("a sanitizer has threads of its own");
        return;
    }
    int status = tools_spawn(arguments, out, sizeof out);
    if (status == EXIT_SKIPPED || strstr(out, "Can't open lib") != NULL) {
        suite_skip("only root can become a user whose threads are limited, and who can read the "
                   "build's folder");
        return;
    }
    CHECK_NUMBER(status, 0);
    printf("# %s", out);
    if (guest_is_relayed())
        CHECK_CONTAINS(out, "the system gives no thread");
    else
        CHECK_CONTAINS(out, "connected, state 5, version 304, transport 2");
}

/* ---- set-up ---- */

static bool make_files(void)
{
    static const char priority[] = "[overrides]\ndisabled-version = tls1.3\n";
    static const char services[] = "[elsewhere]\nhostaddr=127.0.0.9\nport=9\nsslmode=require\n";
    char *const copies[] = {(char *)"/bin/cp", (char *)fixture_path(&fixture, "root.pem"),
                            (char *)fixture_path(&fixture, "home/.postgresql/root.crt"), NULL};
    return chmod(fixture.folder, 0755) == 0 && mkdir(fixture_path(&fixture, "home"), 0755) == 0 &&
           mkdir(fixture_path(&fixture, "home/.postgresql"), 0755) == 0 &&
           tools_spawn(copies, NULL, 0) == 0 &&
           pki_write_file(fixture_path(&fixture, "priority"), priority, sizeof priority - 1,
                          0644) &&
           pki_write_file(fixture_path(&fixture, "services"), services, sizeof services - 1,
                          0644) &&
           setenv("PGSERVICEFILE", fixture_path(&fixture, "services"), 1) == 0;
}

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0 || !make_files())
        return -1;
    return fixture_start(&fixture, "server", NULL, false) && guest_publish(&fixture) ? 0 : -1;
}

static int tear_down(void)
{
    fixture_close(&fixture);
    return 0;
}

SUITE("confined", set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--connect") == 0)
        return program_connect(argv[2]);
    if (argc == 5 && strcmp(argv[1], "--sandbox") == 0)
        return program_sandbox(argv[2], argv[3], argv[4]);
    if (argc == 3 && strcmp(argv[1], "--descriptors") == 0)
        return program_descriptors(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--no-thread") == 0)
        return program_no_thread();
    return suite_main(argc, argv);
}
