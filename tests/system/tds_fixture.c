/* tds_fixture.c - the fixture with the TDS server of the tests in it. */
#include "system/tds_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"

#define SETTINGS_SIZE 4096

static struct tds_fixture *opened;

int tds_fixture_open(struct tds_fixture *fixture, const char *odbcinst_extra,
                     const char *odbc_extra)
{
    static const char *const variables[] = {"TDSHOST",  "TDSPORT",     "TDSVER",  "TDSDUMP",
                                            "TDSQUERY", "FREETDSCONF", "FREETDS", "TDSINIOVERRIDE"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    *fixture = (struct tds_fixture){.is_available = tds_peer_is_available()};
    opened = fixture;
    return fixture_open(&fixture->base, odbcinst_extra, odbc_extra);
}

void tds_fixture_close(struct tds_fixture *fixture)
{
    tds_peer_stop(&fixture->peer);
    fixture_close(&fixture->base);
}

int tds_fixture_tear_down(void)
{
    if (opened != NULL)
        tds_fixture_close(opened);
    return 0;
}

bool tds_fixture_is_skipped(const struct tds_fixture *fixture)
{
    if (!fixture->is_available)
        suite_skip("tds-server needs libssl-dev to be built, or there is no libtdsodbc.so");
    return !fixture->is_available;
}

int tds_fixture_set_up(struct tds_fixture *fixture, const char *odbcinst_extra,
                       const char *odbc_extra)
{
    int outcome = tds_fixture_open(fixture, odbcinst_extra, odbc_extra);
    tds_fixture_is_skipped(fixture);
    return outcome;
}

static bool start(struct tds_fixture *fixture, const char *name,
                  const struct tds_peer_options *options)
{
    struct tds_peer_options all = *options;
    all.certificate = suite_text("%s/%s.pem", fixture->base.folder, name);
    all.key = suite_text("%s/%s.key", fixture->base.folder, name);
    tds_peer_stop(&fixture->peer);
    fixture->peer = tds_peer_start(&all);
    return fixture->peer != NULL;
}

bool tds_fixture_start(struct tds_fixture *fixture, const char *name, const char *encryption,
                       const char *const *arguments)
{
    return start(fixture, name,
                 &(struct tds_peer_options){.encryption = encryption, .arguments = arguments});
}

bool tds_fixture_start_mutual(struct tds_fixture *fixture, const char *name, const char *encryption)
{
    return start(fixture, name,
                 &(struct tds_peer_options){.encryption = encryption,
                                            .client_ca = fixture_path(&fixture->base, "root.pem")});
}

bool tds_fixture_connect(struct tds_fixture *fixture, struct odbc_session *session,
                         const char *format, ...)
{
    char settings[SETTINGS_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(settings, sizeof settings, format, arguments);
    va_end(arguments);
    tds_peer_forget(fixture->peer);
    *session = (struct odbc_session){0};
    return odbc_connect(session, "DRIVER={%s};Server=localhost;Port=%u;UID=%s;PWD=%s;%s",
                        ODBC_FREETDS, tds_peer_port(fixture->peer), TDS_PEER_USER,
                        TDS_PEER_PASSWORD, settings);
}

const char *tds_fixture_option(const struct tds_fixture *fixture, const char *keyword,
                               const char *name)
{
    return suite_text("%s=%s/%s;", keyword, fixture->base.folder, name);
}

void tds_fixture_check_records(struct tds_fixture *fixture)
{
    unsigned long records = 0, packets = 1;
    const char *log = tds_peer_wait_end(fixture->peer);
    const char *end = strstr(log, " end records=");
    CHECK_NUMBER(tds_peer_count(log, " connect\n"), 1);
    CHECK_NUMBER(tds_peer_count(log, "violation"), 0);
    CHECK(end != NULL && sscanf(end, " end records=%lu packets=%lu", &records, &packets) == 2);
    CHECK(records > 1);
    CHECK_NUMBER(records, packets);
}
