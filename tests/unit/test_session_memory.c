/*
 * test_session_memory.c - memory runs out at every single allocation of a session, from its opening
 * to the echo of some data: the data are right, or the session ends and says why; and what the
 * network carries is never more than with memory.
 */
#include <stdlib.h>
#include <string.h>

#include "support/failing_memory.h"
#include "support/suite.h"
#include "unit/engine_rig.h"

#define SIZE 100000

/* What the session does is done without memory, what the test's server does is not: the linker
 * leads the rig's calls through here (--wrap). */
void __real_session_start(struct session *session, size_t address);
size_t __real_session_write(struct session *session, const void *bytes, size_t size);
size_t __real_session_read(struct session *session, void *out, size_t size, bool is_peek);
struct session_wants __real_session_step(struct session *session, int64_t now);
void __wrap_session_start(struct session *session, size_t address);
size_t __wrap_session_write(struct session *session, const void *bytes, size_t size);
size_t __wrap_session_read(struct session *session, void *out, size_t size, bool is_peek);
struct session_wants __wrap_session_step(struct session *session, int64_t now);

void __wrap_session_start(struct session *session, size_t address)
{
    memory_arm();
    __real_session_start(session, address);
    memory_disarm();
}

size_t __wrap_session_write(struct session *session, const void *bytes, size_t size)
{
    memory_arm();
    size_t taken = __real_session_write(session, bytes, size);
    memory_disarm();
    return taken;
}

size_t __wrap_session_read(struct session *session, void *out, size_t size, bool is_peek)
{
    memory_arm();
    size_t got = __real_session_read(session, out, size, is_peek);
    memory_disarm();
    return got;
}

struct session_wants __wrap_session_step(struct session *session, int64_t now)
{
    memory_arm();
    struct session_wants wants = __real_session_step(session, now);
    memory_disarm();
    return wants;
}

static unsigned char sent[SIZE], got[SIZE];

/* Until it is over, or cannot go on. */
static bool echo(struct engine_rig *rig)
{
    memset(got, 0, sizeof got);
    return engine_login(rig) && engine_write(rig, sent, sizeof sent) &&
           engine_read(rig, got, sizeof got) == sizeof got;
}

static void try_round(enum proto_plan plan)
{
    struct engine_rig rig = engine_make(plan);
    engine_open(&rig);
    bool is_echoed = echo(&rig);
    engine_run(&rig);
    enum session_outcome outcome = engine_outcome(&rig);
    if (outcome == SESSION_CARRIED)
        session_record_is_alive(rig.record, &rig.error);
    bool is_told = rig.error.code == ODBCSSL_ERROR_MEMORY;
    if (is_echoed ? memcmp(sent, got, sizeof sent) != 0 : !memory_was_out() || !is_told)
        CHECK_TEXT(suite_text("%s, outcome %d, %s", is_echoed ? "an echo" : "no echo", outcome,
                              rig.error.text),
                   memory_round());
    /* The end is shown to the real driver, which would else wait for ever. */
    if (!is_echoed)
        CHECK(session_phase(rig.session) == SESSION_FINISHING ||
              session_phase(rig.session) == SESSION_OVER);
    engine_close(&rig);
}

CASE("a session")
{
    const enum proto_plan plans[] = {PROTO_PLAN_TLS, PROTO_PLAN_DIRECT, PROTO_PLAN_PLAINTEXT};
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (unsigned char)(i * 7 + i / 251);
    for (size_t i = 0; i < 3; i++)
        for (memory_begin(); memory_next();)
            try_round(plans[i]);
}

CASE("opening a session")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_TLS);
    engine_open(&rig);
    for (memory_begin(); memory_next();) {
        error_clear(&rig.error);
        memory_arm();
        struct session_record *record = session_record_open(&rig.options);
        struct session *session = record != NULL ? session_open(record, 0, &rig.error) : NULL;
        memory_disarm();
        CHECK((session == NULL) == memory_was_out());
        CHECK(session != NULL || record == NULL || rig.error.code == ODBCSSL_ERROR_MEMORY);
        session_free(&session);
        session_record_release(&record);
    }
    engine_close(&rig);
}

SUITE("session without memory", engine_files_make, engine_files_remove)
