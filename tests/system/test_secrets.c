/*
 * test_secrets.c - where planted passwords and a private key turn up: in nothing that a user reads,
 * in no memory that odbcssl gives back, and after SQLDisconnect in no memory at all.
 *
 * The driver manager and the real driver have copies of connection strings, and give them back as
 * they are: memory that they gave back is left out, and what they keep is found out by the same
 * program with the bare driver. The key, and passwords in files that only odbcssl reads, are its
 * alone.
 */
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "odbcssl.h"
#include "support/gaussdb_files.h"
#include "support/odbc.h"
#include "support/suite.h"
#include "system/guest.h"
#include "support/tools.h"

#define USER "planted"
#define PASSWORD "plantedlogin7351"
#define PASSPHRASE "plantedpassphrase2946"
#define GAUSSDB_PASSWORD "plantedgs5108"
#define SCALAR_SIZE 32
#define TEXT_SIZE (1 << 20)

static struct fixture fixture;

/* ---- the secrets ---- */

enum secret {
    SECRET_PASSWORD,   /* PWD */
    SECRET_PASSPHRASE, /* SslPassword, of the client's key */
    SECRET_KEY,        /* that key, a number */
    SECRET_KEY_TEXT,   /* that key, as a PEM file without a password has it */
    SECRET_GAUSSDB,    /* the password of GaussDB's client.key, from its .cipher and .rand */
    SECRET_COUNT
};

static const char *const secret_names[SECRET_COUNT] = {
    "PWD", "SslPassword", "the private key", "the private key in base64", "GaussDB's password"};

/* Masked, so that what is looked for is not found where it is looked for from. */
#define MASK 0x5A

struct needle {
    size_t size;
    unsigned char masked[64];
};

static struct needle needles[SECRET_COUNT];

static void add_needle(struct needle *needle, const void *bytes, size_t size)
{
    needle->size = size;
    for (size_t i = 0; i < size; i++)
        needle->masked[i] = ((const unsigned char *)bytes)[i] ^ MASK;
}

enum form { FORM_PLAIN, FORM_WIDE, FORM_REVERSED, FORM_COUNT };

/* The byte of the needle that stands at a place of its form; -1 behind its end. */
static int byte_at(const struct needle *needle, enum form form, size_t place)
{
    size_t at = form == FORM_WIDE ? place / 2 : place;
    if (at >= needle->size)
        return -1;
    if (form == FORM_WIDE && place % 2 == 1)
        return 0;
    return needle->masked[form == FORM_REVERSED ? needle->size - 1 - at : at] ^ MASK;
}

static unsigned count_in(const unsigned char *bytes, size_t size, const struct needle *needle,
                         enum form form)
{
    size_t length = form == FORM_WIDE ? 2 * needle->size : needle->size;
    unsigned count = 0;
    const unsigned char *at = bytes, *end = bytes + size;
    while (length > 0 && (size_t)(end - at) >= length &&
           (at = memchr(at, byte_at(needle, form, 0), (size_t)(end - at) - length + 1)) != NULL) {
        size_t same = 0;
        while (same < length && at[same] == byte_at(needle, form, same))
            same++;
        count += same == length;
        at++;
    }
    return count;
}

/* ---- memory that is given back ---- */

/* Where odbcssl is in memory. What GnuTLS gives back is not judged: it has copies of a key's
 * password, and of keys in PEM and PKCS#12. */
static uintptr_t library_start, library_end;
static bool is_watching;
static unsigned spills[SECRET_COUNT];

static int note_library(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    (void)context;
    if (strstr(info->dlpi_name, "/libodbcssl.so") == NULL)
        return 0;
    library_start = info->dlpi_addr;
    for (unsigned i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD)
            library_end = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    return 1;
}

#if !SUITE_IS_SANITIZED
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static void look_at(const void *memory, const void *caller)
{
    bool is_ours = (uintptr_t)caller >= library_start && (uintptr_t)caller < library_end;
    for (int secret = 0; secret < SECRET_COUNT && is_watching && is_ours && memory != NULL;
         secret++)
        for (enum form form = FORM_PLAIN; form < FORM_COUNT; form++)
            spills[secret] +=
                count_in(memory, malloc_usable_size((void *)memory), &needles[secret], form);
}

/* Before the C library's, for the whole process. */
__attribute__((visibility("default"))) void free(void *memory)
{
    look_at(memory, __builtin_return_address(0));
    __libc_free(memory);
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t size)
{
    look_at(memory, __builtin_return_address(0));
    return __libc_realloc(memory, size);
}
#endif

/* ---- a process of its own that searches its memory ---- */

/* The arguments of the program in the environment, masked: no copy of them is to be found. */
#define NEEDLE_VARIABLE "SECRETS_NEEDLE_%d"
#define TEXT_VARIABLE "SECRETS_TEXT"
#define SCRATCH_SIZE 16384
static unsigned char *scratch; /* the only place where the program itself has secrets */

static bool put_masked(const char *variable, const void *bytes, size_t size)
{
    char text[8192] = "";
    for (size_t i = 0; i < size; i++)
        snprintf(text + 2 * i, sizeof text - 2 * i, "%02x",
                 ((const unsigned char *)bytes)[i] ^ MASK);
    return setenv(variable, text, 1) == 0;
}

/* As it was put there, with other as a further mask. */
static size_t get_masked(const char *variable, unsigned char other, unsigned char *out)
{
    unsigned byte;
    size_t size = 0;
    const char *text = getenv(variable);
    for (; text != NULL && sscanf(text, "%2x", &byte) == 1; text += 2)
        out[size++] = (unsigned char)byte ^ other;
    return size;
}

static void *visit(void *argument)
{
    SQLHENV environment;
    SQLHDBC connection;
    SQLHSTMT statement;
    SQLCHAR state[6], text[1024];
    SQLSMALLINT length;
    bool *is_good = argument;
    SQLAllocHandle(SQL_HANDLE_ENV, NULL, &environment);
    SQLSetEnvAttr(environment, SQL_ATTR_ODBC_VERSION, (SQLPOINTER)SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, environment, &connection);
    *is_good = SQL_SUCCEEDED(SQLDriverConnect(connection, NULL, scratch, SQL_NTS,
                                              scratch + SCRATCH_SIZE / 2, SCRATCH_SIZE / 2, &length,
                                              SQL_DRIVER_NOPROMPT)) &&
               SQL_SUCCEEDED(SQLAllocHandle(SQL_HANDLE_STMT, connection, &statement)) &&
               SQL_SUCCEEDED(SQLExecDirect(statement, (SQLCHAR *)"select 42", SQL_NTS)) &&
               SQL_SUCCEEDED(SQLFreeHandle(SQL_HANDLE_STMT, statement));
    if (!*is_good && SQL_SUCCEEDED(SQLGetDiagRec(SQL_HANDLE_DBC, connection, 1, state, NULL, text,
                                                 sizeof text, NULL)))
        printf("%s %s\n", (char *)state, (char *)text);
    SQLDisconnect(connection);
    SQLFreeHandle(SQL_HANDLE_DBC, connection);
    SQLFreeHandle(SQL_HANDLE_ENV, environment);
    return NULL;
}

static void search_range(const unsigned char *start, size_t size)
{
    for (int secret = 0; secret < SECRET_COUNT; secret++) {
        for (enum form form = FORM_PLAIN; form < FORM_COUNT; form++) {
            unsigned count = count_in(start, size, &needles[secret], form);
            if (count > 0)
                printf("found %d %u %s\n", secret, count, secret_names[secret]);
        }
    }
}

/* All memory that can be written to. */
static void search_memory(void)
{
    char line[1024], rights[8];
    unsigned long start, end;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 && strncmp(rights, "rw", 2) == 0)
            search_range((const unsigned char *)start, end - start);
    if (maps != NULL)
        fclose(maps);
}

/* --search ROUNDS: connects and disconnects so often. Memory that is given back is overwritten at
 * once, so that what is found is kept. */
static int program_search(const char *rounds)
{
    pthread_t thread;
    bool is_good = false;
    mallopt(M_PERTURB, 0x77);
    for (int i = 0; i < SECRET_COUNT; i++) {
        needles[i].size = get_masked(suite_text(NEEDLE_VARIABLE, i), 0, needles[i].masked);
    }
    scratch = mmap(NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (scratch == MAP_FAILED)
        return 1;
    dlopen(suite_built("driver/odbc/.libs/libodbcssl.so"), RTLD_NOW | RTLD_LOCAL);
    is_watching = dl_iterate_phdr(note_library, NULL) == 1;
    get_masked(TEXT_VARIABLE, MASK, scratch);
    for (int i = 0; i < atoi(rounds); i++) {
        if (pthread_create(&thread, NULL, visit, &is_good) != 0)
            return 2;
        pthread_join(thread, NULL);
    }
    munmap(scratch, SCRATCH_SIZE);
    is_watching = false;
    search_memory();
    for (int i = 0; i < SECRET_COUNT; i++)
        if (spills[i] > 0)
            printf("spilt %d %u %s\n", i, spills[i], secret_names[i]);
    return is_good ? 0 : 3;
}

/* How often each secret is in the memory of a program that has connected and disconnected, and how
 * often it was in memory that was given back. */
struct findings {
    unsigned kept[SECRET_COUNT], spilt[SECRET_COUNT];
};

static struct findings search(const char *rounds, const char *text)
{
    static char out[100000];
    char *const arguments[] = {(char *)"/proc/self/exe", (char *)"--search", (char *)rounds, NULL};
    struct findings findings = {{0}, {0}};
    put_masked(TEXT_VARIABLE, text, strlen(text));
    setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1); /* it overwrites nothing */
    CHECK_NUMBER(tools_spawn(arguments, out, sizeof out), 0);
    unsetenv("GLIBC_TUNABLES");
    for (char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        unsigned count;
        int secret;
        printf("# %s\n", line);
        if (sscanf(line, "found %d %u", &secret, &count) == 2)
            findings.kept[secret % SECRET_COUNT] += count;
        if (sscanf(line, "spilt %d %u", &secret, &count) == 2)
            findings.spilt[secret % SECRET_COUNT] += count;
    }
    for (int i = 0; i < SECRET_COUNT; i++)
        CHECK_NUMBER(findings.spilt[i], 0);
    return findings;
}

static const char *own_text(const char *extra)
{
    return suite_text("%s;DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=" USER
                      ";PWD=" PASSWORD ";SslMode=verify-full;SslRootCert=%s",
                      extra, ODBC_POSTGRESQL, fixture_port(&fixture),
                      fixture_path(&fixture, "root.pem"));
}

static const char *bare_text(const char *extra)
{
    return suite_text("DRIVER={%s};Servername=localhost;Port=%u;Database=postgres;UID=" USER
                      ";PWD=" PASSWORD ";SSLmode=require;%s",
                      ODBC_NATIVE_POSTGRESQL, fixture_port(&fixture), extra);
}

static const char *with_key_in(const char *certificate, const char *key)
{
    return suite_text("SslCert=%s;SslKey=%s;SslPassword=" PASSPHRASE,
                      fixture_path(&fixture, certificate), fixture_path(&fixture, key));
}

static const char *with_key(void)
{
    return with_key_in("client.pem", "encrypted.key");
}

static const char *with_gaussdb(void)
{
    return suite_text("SslCert=%s;SslKey=%s", fixture_path(&fixture, "gauss/client.pem"),
                      fixture_path(&fixture, "gauss/client.key"));
}

static bool can_search(void)
{
#if SUITE_IS_SANITIZED
    suite_skip("a sanitizer has an allocator of its own, which keeps what is freed");
#endif
    return !SUITE_IS_SANITIZED;
}

CASE("no password is in memory that is given back, or kept after disconnecting")
{
    if (!can_search())
        return;
    /* PKCS#8 with a password, PEM without one and in the old way with one, PKCS#12, GaussDB's. */
    const struct findings bare = search("1", bare_text(with_key()));
    const char *const settings[] = {
        strdup(with_key()), strdup(with_key_in("client.pem", "client.key")),
        strdup(with_key_in("client.pem", "old.key")),
        strdup(with_key_in("client.p12", "client.p12")), strdup(with_gaussdb())};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const struct findings ours = search("1", own_text(settings[i]));
        CHECK(ours.kept[SECRET_PASSWORD] <= bare.kept[SECRET_PASSWORD]);
        CHECK(ours.kept[SECRET_PASSPHRASE] <= bare.kept[SECRET_PASSPHRASE]);
        CHECK_NUMBER(ours.kept[SECRET_GAUSSDB] + ours.kept[SECRET_KEY_TEXT], 0);
        free((void *)settings[i]);
    }
}

/* A key that was loaded stays for the next connection, as GnuTLS has it: once as a number, once as
 * bytes. */
CASE("a private key is in memory once, however often it was used")
{
    if (!can_search())
        return;
    struct findings once = search("1", own_text(with_key()));
    struct findings often = search("4", own_text(with_key()));
    CHECK(once.kept[SECRET_KEY] >= 1 && once.kept[SECRET_KEY] <= 2);
    CHECK_NUMBER(often.kept[SECRET_KEY], once.kept[SECRET_KEY]);
}

/* ---- what a user reads ---- */

static char told[TEXT_SIZE];
static size_t told_size;

static void take(const char *text)
{
    size_t length = strlen(text);
    CHECK_FATAL(told_size + length + 2 < sizeof told);
    memcpy(told + told_size, text, length);
    told_size += length;
    told[told_size++] = '\n';
}

static void take_infos(struct odbc_session *session)
{
    static const struct {
        unsigned first, last;
    } types[] = {{0, 180}, {10000, 10030}, {0x5300, 0x53AF}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        for (unsigned type = types[i].first; type <= types[i].last; type++) {
            char bytes[8192] = "";
            SQLSMALLINT length = 0;
            if (!SQL_SUCCEEDED(SQLGetInfo(session->connection, (SQLUSMALLINT)type, bytes,
                                          sizeof bytes - 1, &length)))
                continue;
            for (SQLSMALLINT k = 0; k + 1 < length; k++)
                if (bytes[k] == '\0') /* wide ones as if they were not */
                    memmove(bytes + k, bytes + k + 1, (size_t)(length - k));
            take(bytes);
        }
    }
}

static void take_status(struct odbc_session *session)
{
    char value[4096];
    SQLLEN length;
    if (!SQL_SUCCEEDED(
            SQLExecDirect(session->statement, (SQLCHAR *)"select * from odbcssl_status", SQL_NTS)))
        return;
    while (SQL_SUCCEEDED(SQLFetch(session->statement)))
        if (SQL_SUCCEEDED(
                SQLGetData(session->statement, 2, SQL_C_CHAR, value, sizeof value, &length)))
            take(value);
    SQLFreeStmt(session->statement, SQL_CLOSE);
}

static void take_file(const char *path)
{
    static char text[TEXT_SIZE / 2];
    CHECK_FATAL(access(path, R_OK) == 0);
    suite_read(path, text, sizeof text);
    take(text);
}

static void check_told(void)
{
    for (int secret = 0; secret < SECRET_COUNT; secret++)
        for (enum form form = FORM_PLAIN; form < FORM_COUNT; form++)
            if (count_in((unsigned char *)told, told_size, &needles[secret], form) > 0) {
                CHECK_TEXT(secret_names[secret], "told nowhere");
            }
    told_size = 0;
}

/* What the settings are, and whether it can be connected with them. */
static const struct {
    const char *settings;
    bool is_good;
} attempts[] = {
    {"SslPassword=" PASSPHRASE "-wrong", false},
    {"SslPassword={" PASSPHRASE, false},               /* no end */
    {"SslPassword={" PASSPHRASE "}x;SslMode=", false}, /* text behind the end */
    {"SslKeyPWD=" PASSPHRASE "-other", false},         /* contradicts SslPassword */
    {"SslPasswort=" PASSPHRASE, false},                /* not a keyword */
    {"SslServerName=other.example.com", false},
    {"UID=nobody", false},
    {"Database=nowhere", false},
    {"SslCrl=/nonexistent", false},
    {"", true},
};

CASE("no error, report or log has a secret")
{
    struct odbc_session session = {0};
    char log[1024];
    snprintf(log, sizeof log, "%s", fixture_path(&fixture, "trace.log"));
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        const char *const more[] = {with_key(), with_gaussdb()};
        for (size_t k = 0; k < 2; k++) {
            const char *extra = suite_text("%s;%s;SslTrace=%s", attempts[i].settings, more[k], log);
            bool is_good = i % 2 == 0 ? odbc_connect(&session, "%s", own_text(extra))
                                      : odbc_connect_wide(&session, "%s", own_text(extra));
            take(session.diagnostics);
            if (attempts[i].is_good) {
                CHECK(is_good);
                CHECK_NUMBER(odbc_info_number(&session, SQL_SSL_CLIENT_CERT_SENT), 1);
                take_infos(&session);
                take_status(&session);
                odbc_query(&session, "select 1 / 0");
                take(session.diagnostics);
            }
            odbc_close(&session);
        }
    }
    take_file(log);
    CHECK_CONTAINS(told, "connected to localhost");
    check_told();
}

/* ODBC gives the application its own PWD back, and so does odbcssl with its SslPassword; what else
 * is secret is odbcssl's. */
CASE("the connection string that comes back has the application's passwords, and no other secret")
{
    unsigned passwords[3];
    for (size_t i = 0; i < 3; i++) {
        struct odbc_session session = {0};
        SQLCHAR out[4096] = "";
        SQLSMALLINT length = 0;
        const char *text = i == 0   ? bare_text(with_key())
                           : i == 1 ? own_text(with_key())
                                    : own_text(with_gaussdb());
        CHECK_FATAL(odbc_open(&session));
        CHECK(SQL_SUCCEEDED(SQLDriverConnect(session.connection, NULL, (SQLCHAR *)text, SQL_NTS,
                                             out, sizeof out, &length, SQL_DRIVER_NOPROMPT)));
        passwords[i] = count_in(out, sizeof out, &needles[SECRET_PASSWORD], FORM_PLAIN);
        CHECK_NUMBER(passwords[i], passwords[0]);
        for (int secret = SECRET_PASSPHRASE; i > 0 && secret < SECRET_COUNT; secret++)
            CHECK_NUMBER(count_in(out, sizeof out, &needles[secret], FORM_PLAIN),
                         secret == SECRET_PASSPHRASE && i == 1);
        odbc_close(&session);
    }
}

CASE("the command tells no secret")
{
    static char out[TEXT_SIZE / 2];
    char *program = suite_built("command/odbcssl"), *text = (char *)own_text(with_key());
    for (int i = 0; i < 2; i++) {
        char *const subcommand = (char *)(i == 0 ? "check" : "status");
        char *arguments[] = {program, subcommand, (char *)"-k", text, NULL, NULL};
        CHECK_NUMBER(tools_spawn(arguments, out, sizeof out), 0);
        take(out);
        arguments[4] = (char *)"--json";
        CHECK_NUMBER(tools_spawn(arguments, out, sizeof out), 0);
        CHECK_CONTAINS(out, "TLSv1.3");
        take(out);
    }
    check_told();
}

/* ---- set-up ---- */

static void put_needle(enum secret secret, const void *bytes, size_t size)
{
    const char *variable = suite_text(NEEDLE_VARIABLE, (int)secret);
    add_needle(&needles[secret], bytes, size);
    put_masked(variable, bytes, size);
}

static bool put_needles(void)
{
    gnutls_datum_t x, y, k;
    gnutls_ecc_curve_t curve;
    char text[4096] = "";
    if (suite_read(fixture_path(&fixture, "client.key"), text, sizeof text) <= 100 ||
        gnutls_x509_privkey_export_ecc_raw(fixture.client->key, &curve, &x, &y, &k) != 0)
        return false;
    put_needle(SECRET_PASSWORD, PASSWORD, strlen(PASSWORD));
    put_needle(SECRET_PASSPHRASE, PASSPHRASE, strlen(PASSPHRASE));
    put_needle(SECRET_KEY, k.data + k.size - SCALAR_SIZE, SCALAR_SIZE);
    put_needle(SECRET_KEY_TEXT, strchr(text, '\n') + 21, 24); /* in the midst of a line */
    put_needle(SECRET_GAUSSDB, GAUSSDB_PASSWORD, strlen(GAUSSDB_PASSWORD));
    gnutls_free(x.data);
    gnutls_free(y.data);
    gnutls_free(k.data);
    return true;
}

static bool make_keys(void)
{
    return mkdir(fixture_path(&fixture, "gauss"), 0700) == 0 &&
           pki_write_pem(fixture_path(&fixture, "gauss/client.pem"), fixture.client, NULL) &&
           pki_write_key_pkcs8(fixture_path(&fixture, "gauss/client.key"), fixture.client,
                               GAUSSDB_PASSWORD) &&
           gaussdb_write_password_files(fixture_path(&fixture, "gauss"), "client",
                                        GAUSSDB_PASSWORD) &&
           pki_write_key_pkcs8(fixture_path(&fixture, "encrypted.key"), fixture.client,
                               PASSPHRASE) &&
           tools_run(fixture.folder, "openssl ec -in client.key -aes256 -passout pass:" PASSPHRASE
                                     " -out old.key && "
                                     "openssl pkcs12 -export -in client.pem -inkey client.key "
                                     "-passout pass:" PASSPHRASE
                                     " -out client.p12 && chmod 600 old.key client.p12");
}

static int set_up(void)
{
    if (fixture_open(&fixture, NULL, NULL) != 0 || !put_needles() || !make_keys())
        return -1;
    const struct postgres_options options = {.certificate = fixture_path(&fixture, "server.pem"),
                                             .key = fixture_path(&fixture, "server.key"),
                                             .ca = fixture_path(&fixture, "root.pem"),
                                             .hba = "hostssl all all 127.0.0.1/32 password",
                                             .sql = "create role " USER " login password '" PASSWORD
                                                    "'"};
    return fixture_start_with(&fixture, &options) ? 0 : -1;
}

static int tear_down(void)
{
    fixture_close(&fixture);
    return 0;
}

SUITE("secrets", set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--search") == 0)
        return program_search(argv[2]);
    return suite_main(argc, argv);
}
