/*
 * report.h - what was negotiated and verified, as a plain value: tls/ and session/ fill it in,
 * SQLGetInfo, {call odbcssl_status} and the odbcssl command read it by the rows of info.def.
 */
#ifndef BASE_REPORT_H
#define BASE_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/options.h"

#define REPORT_NAME_SIZE 1024
#define REPORT_ALT_NAMES_SIZE 4096
#define REPORT_CERTIFICATE_SIZE 16384

struct tls_report {
    enum odbcssl_state state;
    enum odbcssl_mode mode;
    enum tls_version version;
    uint32_t cipher_bits;
    uint32_t verify_status; /* bits ODBCSSL_VERIFY_... */
    enum odbcssl_crl_status crl_status;
    int32_t peer_days_left; /* 0 when there is no certificate */
    int32_t crl_days_left;
    bool has_client_certificate; /* there is one to show, whether the server asked for it or not */
    int32_t client_days_left;    /* of that one */
    bool client_cert_sent;
    bool resumed;
    enum odbcssl_transport transport;

    /* NUL-terminated UTF-8; empty when it does not apply. Cut at the size. */
    char protocol[16];
    char cipher[64];
    char group[32];
    char peer_subject[REPORT_NAME_SIZE];
    char peer_issuer[REPORT_NAME_SIZE];
    char peer_serial[128];
    char peer_not_before[32];
    char peer_not_after[32];
    char peer_fingerprint[128];
    char peer_alt_names[REPORT_ALT_NAMES_SIZE];
    char peer_certificate[REPORT_CERTIFICATE_SIZE];
    char alpn[64];
};

enum report_kind { REPORT_NUMBER, REPORT_SIGNED, REPORT_TEXT };

/* One row of info.def. */
struct report_item {
    uint16_t type;    /* SQL_SSL_...: the UTF-16 type of a text */
    const char *name; /* "SQL_SSL_STATE" */
    enum report_kind kind;
};

/* All rows, in the order of info.def. */
extern const struct report_item report_items[];
extern const size_t report_item_count;

/* The row for an info type (for a text: of either type), NULL when it is not ours. *is_utf8_out
 * says whether the type asked for is the UTF-8 one. */
const struct report_item *report_find(unsigned type, bool *is_utf8_out);

/* Whether there is anything to say: not of the client certificate's end where there is none. */
bool report_applies(const struct tls_report *report, const struct report_item *item);

/* The value of a number or signed item; REPORT_NONE where the item does not apply. */
#define REPORT_NONE (-1)
int64_t report_number(const struct tls_report *report, const struct report_item *item);

/* For programs that rebuild a report from SQLGetInfo. */
void report_set_number(struct tls_report *report, const struct report_item *item, int64_t number);

/* The value of a text item: valid as long as the report, or as scratch (size REPORT_SCRATCH_SIZE).
 */
#define REPORT_SCRATCH_SIZE 2048
const char *report_text(const struct tls_report *report, const struct report_item *item,
                        char *scratch);

/* Any item for people: numbers as digits, states and modes in words. */
const char *report_display(const struct tls_report *report, const struct report_item *item,
                           char *scratch);

/* "encrypted, chain and name verified" */
const char *report_state_name(enum odbcssl_state state);

#endif
