/*
 * test_session_engine_again.c - a real driver that logs in again by itself, or cancels: each login
 * is judged by what the files hold then, however long ago the connection was opened.
 */
#include "engine_rig.h"
#include "session/session_internal.h"
#include "support/suite.h"

/* With a CRL that revokes nobody. */
static void make(struct engine_rig *rig)
{
    *rig = engine_make(PROTO_PLAN_TLS);
    rig->tls.crl = (struct option){engine_write_crl(false), "SslCrl", (char *)"test"};
}

static void log_in(struct engine_rig *rig)
{
    make(rig);
    engine_open(rig);
    CHECK(engine_login(rig));
    CHECK(rig->session->credentials == NULL);
}

/* As the server's certificate is now, the second login is refused; the next call of the application
 * is to tell why, and what is reported of the connection stays that of the first. */
static void check_refused(struct engine_rig *rig, enum odbcssl_error code, const char *said)
{
    static struct tls_report report;
    struct error error = {0};
    engine_open_again(rig);
    CHECK(!engine_login(rig));
    CHECK(rig->stage == ENGINE_SERVER_HANDSHAKE);
    CHECK_NUMBER(engine_outcome(rig), SESSION_LOST);
    CHECK_NUMBER(rig->error.code, code);
    CHECK_CONTAINS(rig->error.text, said);
    CHECK(!session_record_is_alive(rig->record, &error));
    CHECK_NUMBER(error.code, code);
    CHECK_TEXT(error.text, rig->error.text);
    session_record_outcome(rig->record, &report, NULL, NULL);
    CHECK_NUMBER(report.verify_status, 0);
    CHECK_NUMBER(report.state, ODBCSSL_STATE_CHAIN_AND_NAME_VERIFIED);
    CHECK_NUMBER(report.crl_status, ODBCSSL_CRL_GOOD);
}

CASE("a login in an open connection's place, with a server that was revoked since")
{
    struct engine_rig rig;
    log_in(&rig);
    engine_write_crl(true);
    check_refused(&rig, ODBCSSL_ERROR_REVOKED, "revoked");
    engine_write_crl(false);
    engine_open_again(&rig);
    CHECK(engine_login(&rig));
    CHECK_NUMBER(engine_outcome(&rig), SESSION_CARRIED);
    engine_close(&rig);
}

CASE("a login in an open connection's place, with a file that cannot be used any more")
{
    struct engine_rig rig;
    log_in(&rig);
    CHECK(pki_write_file(rig.tls.crl.value, "nothing", 7, 0644));
    check_refused(
        &rig, ODBCSSL_ERROR_CRL_UNREADABLE,
        "may not log in to db1.example.com (192.0.2.7, port 5432), as the files are now: SslCrl=");
    CHECK_CONTAINS(rig.error.text, rig.tls.crl.value);
    engine_close(&rig);
}

/* It was loaded when the user was asked for more (SQLBrowseConnect), and that took long. */
CASE("a first login long after loading")
{
    struct engine_rig rig;
    make(&rig);
    rig.options.timeout = 0;
    engine_open(&rig);
    rig.session->deadline = 0; /* each login has the whole time-out */
    engine_write_crl(true);
    CHECK(!engine_login(&rig));
    CHECK_NUMBER(engine_outcome(&rig), SESSION_LOST);
    CHECK_NUMBER(rig.error.code, ODBCSSL_ERROR_REVOKED);
    engine_close(&rig);
}

/* Another session reaches the server, which has been revoked, with its request to cancel. */
static void check_cancel(struct engine_rig *rig)
{
    static const unsigned char cancel[] = "\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\7\0\0\0\x09";
    engine_write_crl(true);
    rig->words.startup = (struct engine_bytes){cancel, sizeof cancel - 1};
    engine_open_again(rig);
    CHECK(engine_write(rig, cancel, sizeof cancel - 1));
    engine_run(rig);
    CHECK(rig->stage == ENGINE_SERVER_READY);
}

/* What was open when the files changed can be cancelled: nobody logs in by that. */
CASE("cancelling after the files changed")
{
    for (int logins = 1; logins <= 2; logins++) {
        struct engine_rig rig;
        log_in(&rig);
        if (logins == 2) {
            engine_open_again(&rig);
            CHECK(engine_login(&rig));
        }
        check_cancel(&rig);
        CHECK((rig.session->credentials != NULL) == (logins == 2));
        CHECK_NUMBER(engine_outcome(&rig), SESSION_CARRIED);
        engine_close(&rig);
    }
}

/* TLS comes before a word of the real driver's: only the place of the session tells what it is. */
CASE("cancelling after the files changed, with direct TLS")
{
    struct engine_rig rig = engine_make(PROTO_PLAN_DIRECT);
    rig.tls.crl = (struct option){engine_write_crl(false), "SslCrl", (char *)"test"};
    engine_open(&rig);
    CHECK(engine_login(&rig));
    struct session *main = rig.session;
    rig.session = NULL;
    check_cancel(&rig);
    session_free(&main);
    engine_close(&rig);
}

SUITE("again", engine_files_make, engine_files_remove)
