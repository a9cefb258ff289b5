#include "faults/soak_world.h"

#include <stdio.h>

/* An authority with the server's certificate that it issued last. */
struct authority {
    struct pki_certificate *root, *intermediate;
    struct pki_certificate *server, *former; /* former: the one before */
};

static struct authority current, next;
static unsigned authorities, servers;

/* --- certificates --- */

static bool found(struct authority *authority)
{
    char name[40], intermediate[40];
    snprintf(name, sizeof name, "Root CA %u", ++authorities);
    snprintf(intermediate, sizeof intermediate, "Intermediate CA %u", authorities);
    authority->root = pki_issue(&(struct pki_spec){.common_name = name, .is_ca = true});
    authority->intermediate = pki_issue(
        &(struct pki_spec){.common_name = intermediate, .issuer = authority->root, .is_ca = true});
    return authority->root != NULL && authority->intermediate != NULL;
}

static void close_down(struct authority *authority)
{
    pki_free(&authority->root);
    pki_free(&authority->intermediate);
    pki_free(&authority->server);
    pki_free(&authority->former);
}

static bool issue(struct authority *authority)
{
    static const char *const names[] = {"localhost", NULL};
    char serial[16];
    snprintf(serial, sizeof serial, "41%06X", ++servers);
    pki_free(&authority->former);
    authority->former = authority->server;
    authority->server = pki_issue(&(struct pki_spec){
        .common_name = "db1", .issuer = authority->intermediate, .dns = names, .serial = serial});
    return authority->server != NULL;
}

/* --- files --- */

static bool put_in_place(struct fixture *fixture, const char *name)
{
    return rename(fixture_path(fixture, "new.part"), fixture_path(fixture, name)) == 0;
}

static bool write_anchors(struct fixture *fixture, const struct pki_certificate *first,
                          const struct pki_certificate *second)
{
    return pki_write_pem(fixture_path(fixture, "new.part"), first, second, NULL) &&
           put_in_place(fixture, "trust.pem");
}

/* The lists of the current authority, with one certificate of it or none in them, and of the one
 * that comes, if there is one. */
static bool write_lists(struct fixture *fixture, const struct pki_certificate *listed)
{
    const struct pki_revoked revoked = {.certificate = listed, .reason = 1};
    const struct pki_crl_spec specs[] = {
        {.issuer = current.root},
        {.issuer = current.intermediate, .revoked = &revoked, .revoked_count = listed != NULL},
        {.issuer = next.root},
        {.issuer = next.intermediate}};
    return fixture_write_crls(fixture, "lists.pem", specs, next.root != NULL ? 4 : 2);
}

static bool start_server(struct fixture *fixture, struct authority *authority)
{
    return issue(authority) &&
           pki_write_pem(fixture_path(fixture, "current.pem"), authority->server,
                         authority->intermediate, NULL) &&
           pki_write_key_pem(fixture_path(fixture, "current.key"), authority->server) &&
           fixture_start(fixture, "current", "hostssl all all 127.0.0.1/32 md5", false);
}

/* --- steps --- */

static bool renew(struct fixture *fixture)
{
    return start_server(fixture, &current);
}

static bool list_former(struct fixture *fixture)
{
    return write_lists(fixture, current.former);
}

static bool list_current(struct fixture *fixture)
{
    return write_lists(fixture, current.server);
}

/* Lists first: a chain that is trusted without one would be refused. */
static bool announce_authority(struct fixture *fixture)
{
    return found(&next) && write_lists(fixture, current.former) &&
           write_anchors(fixture, current.root, next.root);
}

static bool change_authority(struct fixture *fixture)
{
    return start_server(fixture, &next);
}

static bool leave_authority(struct fixture *fixture)
{
    close_down(&current);
    current = next;
    next = (struct authority){0};
    return write_anchors(fixture, current.root, NULL) && write_lists(fixture, NULL);
}

static bool distrust(struct fixture *fixture)
{
    return write_anchors(fixture, fixture->other, NULL);
}

static bool trust_again(struct fixture *fixture)
{
    return write_anchors(fixture, current.root, NULL);
}

const struct world_step world_steps[WORLD_STEPS] = {
    {"the server gets a new certificate", renew, WORLD_GOOD, false},
    {"the former one is revoked", list_former, WORLD_GOOD, true},
    {"the present one is revoked", list_current, WORLD_REVOKED, false},
    {"the server gets another one", renew, WORLD_GOOD, false},
    {"a new authority is trusted too", announce_authority, WORLD_GOOD, true},
    {"the server gets a certificate of it", change_authority, WORLD_GOOD, false},
    {"the old authority is trusted no more", leave_authority, WORLD_GOOD, true},
    {"a stranger alone is trusted", distrust, WORLD_STRANGER, false},
    {"the authority is trusted again", trust_again, WORLD_GOOD, false}};

bool world_open(struct fixture *fixture)
{
    return fixture_open(fixture, NULL, NULL) == 0 && found(&current) &&
           write_anchors(fixture, current.root, NULL) && write_lists(fixture, NULL) &&
           start_server(fixture, &current);
}

void world_close(struct fixture *fixture)
{
    close_down(&current);
    close_down(&next);
    fixture_close(fixture);
}
