/*
 * adoption.c - one table per real driver (psqlodbc's dlg_specific.c and libpq's conninfo; FreeTDS's
 * freetds.conf; MariaDB Connector/ODBC's ma_dsn.c), and the few settings that are more than a name.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "command/adoption.h"
#include "command/memory.h"
#include "command/odbc_section.h"
#include "config/keys.h"
#include "conn/freetds_conf.h"
#include "conn/pqopt.h"

/* What a driver calls something, and what odbcssl does. */
struct rule {
    const char *name;    /* NULL ends a table */
    const char *keyword; /* of odbcssl, with the same values; NULL: see take or text */
    const char *text;    /* there is no such keyword: what to do, or why nothing is lost */
    enum adoption_fate fate;
    enum odbcssl_mode mode; /* that it demands when it is on; else text says why nothing is lost */
    void (*take)(struct adoption *adoption, const char *from, const char *value);
};

static void add_row(struct adoption *adoption, enum adoption_fate fate, const char *from,
                    const char *result)
{
    adoption->rows = memory_grow(adoption->rows, adoption->count, sizeof *adoption->rows);
    adoption->rows[adoption->count++] =
        (struct adoption_row){fate, from, adoption->keyword, result};
    adoption->has_unequalled = adoption->has_unequalled || fate == ADOPTION_UNEQUALLED;
}

/* "sslmode=require" */
static char *describe(const char *where, const char *keyword, bool is_secret, const char *value)
{
    return memory_format("%s%s=%s", where, keyword, is_secret ? "(set)" : value);
}

/* The strongest of several demands counts. */
static void demand_mode(struct adoption *adoption, const char *from, enum odbcssl_mode mode)
{
    const char *keyword = keys[KEY_INDEX_SslMode].name;
    const char *present = connstr_get(&adoption->added, keyword);
    const struct key_word *word =
        present != NULL ? key_find_word(keys[KEY_INDEX_SslMode].words, present) : NULL;
    add_row(adoption, ADOPTION_CHANGED, from, describe("", keyword, false, tls_mode_name(mode)));
    if (word == NULL || word->value < (int)mode)
        memory_check(connstr_set(&adoption->added, keyword, tls_mode_name(mode)));
}

static void add_keyword(struct adoption *adoption, const char *from, const char *keyword,
                        const char *value)
{
    add_row(adoption, ADOPTION_CHANGED, from,
            describe("", keyword, odbc_is_secret(keyword), value));
    memory_check(connstr_set(&adoption->added, keyword, value));
}

static bool is_on(const char *value)
{
    return value[0] != '\0' && strcmp(value, "0") != 0 && !text_equal_nocase(value, "no") &&
           !text_equal_nocase(value, "off") && !text_equal_nocase(value, "false");
}

/* word NULL: the driver's value is none that is known. */
static void demand_word(struct adoption *adoption, const char *from, const struct key_word *word)
{
    if (word != NULL)
        demand_mode(adoption, from, (enum odbcssl_mode)word->value);
    else
        add_row(adoption, ADOPTION_UNEQUALLED, from,
                "this value is not known: set SslMode by hand");
}

/* ---- values that are more than a name ---- */

/* libpq's words are odbcssl's. */
static void take_mode(struct adoption *adoption, const char *from, const char *value)
{
    demand_word(adoption, from, key_find_word(keys[KEY_INDEX_SslMode].words, value));
}

/* libmariadb checks the chain as soon as it has authorities. */
static void take_mariadb_ca(struct adoption *adoption, const char *from, const char *value)
{
    add_keyword(adoption, from, keys[KEY_INDEX_SslRootCert].name, value);
    demand_mode(adoption, from, ODBCSSL_MODE_VERIFY_CA);
}

/* MySQL's own words. */
static void take_mysql_mode(struct adoption *adoption, const char *from, const char *value)
{
    static const struct key_word words[] = {
        {"DISABLED", ODBCSSL_MODE_DISABLE, false},
        {"PREFERRED", ODBCSSL_MODE_PREFER, false},
        {"REQUIRED", ODBCSSL_MODE_REQUIRE, false},
        {"VERIFY_CA", ODBCSSL_MODE_VERIFY_CA, false},
        {"VERIFY_IDENTITY", ODBCSSL_MODE_VERIFY_FULL, false},
        {NULL, 0, false},
    };
    const struct key_word *word = key_find_word(words, value);
    if (word != NULL)
        demand_word(adoption, from, word);
    else
        take_mode(adoption, from, value);
}

/* FreeTDS's words. "off" is plaintext, password and all. */
static void take_encryption(struct adoption *adoption, const char *from, const char *value)
{
    static const struct key_word words[] = {
        {"off", ODBCSSL_MODE_DISABLE, false},
        {"request", ODBCSSL_MODE_PREFER, false},
        {"require", ODBCSSL_MODE_REQUIRE, false},
        {"strict", ODBCSSL_MODE_VERIFY_FULL, false},
        {NULL, 0, false},
    };
    demand_word(adoption, from, key_find_word(words, value));
    if (text_equal_nocase(value, "strict"))
        add_keyword(adoption, from, keys[KEY_INDEX_SslNegotiation].name, "direct");
}

/* SHA-1 is what the driver's older versions take; only SHA-256 is a pin here. */
static void take_fingerprint(struct adoption *adoption, const char *from, const char *value)
{
    char digits[65];
    size_t count = 0;
    for (; *value != '\0' && count < sizeof digits; value++)
        if (strchr("0123456789abcdefABCDEF", *value) != NULL)
            digits[count++] = *value;
    if (count == 64)
        add_keyword(adoption, from, keys[KEY_INDEX_SslPin].name,
                    memory_format("sha256:%.64s", digits));
    else
        add_row(adoption, ADOPTION_UNEQUALLED, from,
                "it is no SHA-256 fingerprint: \"odbcssl fetch\" shows the one for SslPin");
}

/* "TLSv1.2,TLSv1.3": the oldest and the newest. */
static void take_versions(struct adoption *adoption, const char *from, const char *value)
{
    static const char *const versions[] = {"TLSv1.1", "TLSv1.2", "TLSv1.3"};
    const char *oldest = NULL, *newest = NULL;
    for (size_t i = 0; i < 3; i++)
        if (strcasestr(value, versions[i]) != NULL) {
            oldest = oldest != NULL ? oldest : versions[i];
            newest = versions[i];
        }
    if (oldest == NULL) {
        add_row(adoption, ADOPTION_UNEQUALLED, from, "set SslMinProtocol and SslMaxProtocol");
        return;
    }
    add_keyword(adoption, from, keys[KEY_INDEX_SslMinProtocol].name, oldest);
    add_keyword(adoption, from, keys[KEY_INDEX_SslMaxProtocol].name, newest);
}

/* ---- the tables ---- */

static const struct rule pqopt_rules[] = {
    {"sslmode", .take = take_mode},
    {"requiressl", .mode = ODBCSSL_MODE_REQUIRE, .text = "this is how it is without it"},
    {"sslrootcert", .keyword = "SslRootCert"},
    {"sslcert", .keyword = "SslCert"},
    {"sslkey", .keyword = "SslKey"},
    {"sslpassword", .keyword = "SslPassword"},
    {"sslcrl", .keyword = "SslCrl"},
    {"sslcrldir", .keyword = "SslCrlDir"},
    {"sslsni", .keyword = "SslSni"},
    {"sslnegotiation", .keyword = "SslNegotiation"},
    {"ssl_min_protocol_version", .keyword = "SslMinProtocol"},
    {"ssl_max_protocol_version", .keyword = "SslMaxProtocol"},
    {"sslcompression", .text = "TLS is never compressed", .fate = ADOPTION_NEEDLESS},
    {"sslcertmode", .text = "set SslCert, or leave it out", .fate = ADOPTION_UNEQUALLED},
    {"requirepeer", .text = "it is for Unix sockets", .fate = ADOPTION_NEEDLESS},
    {"host", .text = "name the server by Servername", .fate = ADOPTION_UNEQUALLED},
    {"port", .text = "set Port", .fate = ADOPTION_UNEQUALLED},
    {"service", .text = "write the service's settings into the data source",
     .fate = ADOPTION_UNEQUALLED},
    {"servicefile", .text = "write the service's settings into the data source",
     .fate = ADOPTION_UNEQUALLED},
    {0},
};

static const struct rule postgresql_rules[] = {
    {"SSLmode", .take = take_mode},
    {0},
};

static const struct rule tds_rules[] = {
    {"Encryption", .take = take_encryption},
    {0},
};

static const struct rule mysql_rules[] = {
    {"SSLCA", .take = take_mariadb_ca},
    {"SSLCERT", .keyword = "SslCert"},
    {"SSLKEY", .keyword = "SslKey"},
    {"TLSKEYPWD", .keyword = "SslPassword"},
    {"SSLKEYPWD", .keyword = "SslPassword"},
    {"SSLCRL", .keyword = "SslCrl"},
    {"SSLCRLPATH", .keyword = "SslCrlDir"},
    /* To drivers of MariaDB this is chain and name. */
    {"SSLVERIFY", .mode = ODBCSSL_MODE_VERIFY_FULL, .text = "it asks for nothing"},
    {"FORCETLS", .mode = ODBCSSL_MODE_REQUIRE, .text = "this is how it is without it"},
    {"SSL_ENFORCE", .mode = ODBCSSL_MODE_REQUIRE, .text = "this is how it is without it"},
    {"SSLMODE", .take = take_mysql_mode},
    {"TLSPEERFP", .take = take_fingerprint},
    {"SSLFP", .take = take_fingerprint},
    {"TLSVERSION", .take = take_versions},
    {"TLSPEERFPLIST", .text = "write its SHA-256 fingerprints into SslPin",
     .fate = ADOPTION_UNEQUALLED},
    {"SSLFPLIST", .text = "write its SHA-256 fingerprints into SslPin",
     .fate = ADOPTION_UNEQUALLED},
    {"SSLCAPATH", .text = "put the certificates into one file, for SslRootCert",
     .fate = ADOPTION_UNEQUALLED},
    {"SSLCIPHER", .text = "choose cipher suites by SslPriority", .fate = ADOPTION_UNEQUALLED},
    {0},
};

/* Lines of an entry of freetds.conf; the entry itself goes on to count, but for its TLS. */
static const struct rule entry_rules[] = {
    {"encryption", .take = take_encryption},
    {"ca file", .keyword = "SslRootCert"},
    {"crl file", .keyword = "SslCrl"},
    {"openssl ciphers", .text = "choose cipher suites by SslPriority", .fate = ADOPTION_UNEQUALLED},
    {0},
};

/* false: no rule is about it. */
static bool apply(const struct rule *rules, struct adoption *adoption, const char *where,
                  const char *name, const char *value)
{
    const struct rule *rule = rules;
    while (rule->name != NULL && !text_equal_nocase(rule->name, name))
        rule++;
    if (rule->name == NULL)
        return false;
    const char *from = describe(
        where, name,
        value[0] != '\0' && odbc_is_secret(rule->keyword != NULL ? rule->keyword : name), value);
    if (value[0] == '\0')
        add_row(adoption, ADOPTION_NEEDLESS, from, "it is empty");
    else if (rule->take != NULL)
        rule->take(adoption, from, value);
    else if (rule->keyword != NULL)
        add_keyword(adoption, from, rule->keyword, value);
    else if (rule->mode != ODBCSSL_MODE_DISABLE && is_on(value))
        demand_mode(adoption, from, rule->mode);
    else
        add_row(adoption, rule->mode != ODBCSSL_MODE_DISABLE ? ADOPTION_NEEDLESS : rule->fate, from,
                rule->text);
    return true;
}

/* ---- the drivers ---- */

/* What libpq still has to be told stays in pqopt, unless connecting would refuse it. */
static void keep_option(struct adoption *adoption, const struct connstr_pair *option,
                        struct buffer *rest)
{
    const struct connstr single = {.pairs = (struct connstr_pair *)option, .count = 1};
    const char *hostaddr, *name = option->keyword;
    struct error reason = {0};
    bool is_kept = pqopt_check(&single, &hostaddr, &reason);
    if (is_kept)
        memory_check(pqopt_append(rest, name, option->value));
    add_row(adoption, is_kept ? ADOPTION_KEPT : ADOPTION_UNEQUALLED,
            describe("pqopt ", name, odbc_is_secret(name), option->value),
            is_kept ? "" : memory_copy(reason.text));
}

static bool read_pqopt(struct adoption *adoption, const char *text, struct error *error)
{
    struct connstr options;
    struct buffer rest = {0};
    if (!pqopt_read(text, &options, error))
        return false;
    for (size_t i = 0; i < options.count; i++)
        if (!apply(pqopt_rules, adoption, "pqopt ", options.pairs[i].keyword,
                   options.pairs[i].value))
            keep_option(adoption, &options.pairs[i], &rest);
    if (buffer_length(&rest) > 0) {
        memory_check(buffer_append_byte(&rest, '\0'));
        memory_check(connstr_set(&adoption->added, "pqopt", (const char *)buffer_content(&rest)));
    }
    buffer_free(&rest);
    connstr_free(&options);
    return true;
}

static bool read_entry(const struct data_source *source, struct adoption *adoption,
                       struct error *error)
{
    const struct connstr_pair *name = connstr_find(&source->settings, "Servername");
    struct freetds_entry entry;
    adoption->keyword = NULL;
    if (name == NULL || connstr_find(&source->settings, "Server") != NULL)
        return true;
    if (!freetds_conf_read(name->value, &entry, error))
        return false;
    for (size_t i = 0; i < entry.settings.count; i++)
        apply(entry_rules, adoption, "freetds.conf ", entry.settings.pairs[i].keyword,
              entry.settings.pairs[i].value);
    /* FreeTDS compares the name unless it is told not to, once it has authorities. */
    const char *check = connstr_get(&entry.settings, "check certificate hostname");
    bool is_name_ignored = check != NULL && !is_on(check);
    if (connstr_has(&entry.settings, "ca file"))
        demand_mode(adoption,
                    is_name_ignored ? "freetds.conf check certificate hostname=no"
                                    : "freetds.conf ca file, and the name",
                    is_name_ignored ? ODBCSSL_MODE_VERIFY_CA : ODBCSSL_MODE_VERIFY_FULL);
    freetds_entry_free(&entry);
    return true;
}

/* What odbcssl does not go by, though the data source may need it; *fate_out is then one of the two
 * that leave it out. NULL: nothing. */
static const char *explain_loss(const struct profile *profile, const struct connstr *settings,
                                const struct connstr_pair *pair, enum adoption_fate *fate_out)
{
    static const char *const options[] = {"OPTION", "OPTIONS", NULL};
    const char *host = profile_get(profile, settings, profile->server_keyword);
    const char *value = pair->value;
    bool has_bit = (strtoul(value, NULL, 10) & PROFILE_MYSQL_MYCNF) != 0;
    *fate_out = ADOPTION_UNEQUALLED;
    if (profile->family == DRIVER_FAMILY_POSTGRESQL) {
        const char *counting = connstr_has(settings, "Servername") ? "Servername" : "Server";
        return text_equal_nocase(pair->keyword, counting) && value[0] == '/'
                   ? "TLS does not run over a Unix socket: name the host by Servername"
                   : NULL;
    }
    if (profile->family != DRIVER_FAMILY_MYSQL || value[0] == '\0')
        return NULL;
    if (text_equal_nocase(pair->keyword, "USE_MYCNF") && strtol(value, NULL, 10) != 0)
        return "write my.cnf's settings into the data source";
    if (text_is_one_of(pair->keyword, options) && has_bit)
        return "write my.cnf's settings into the data source, and take 65536 off";
    if (!text_equal_nocase(pair->keyword, "Socket"))
        return NULL;
    if (host == NULL || host[0] == '\0')
        return "TLS does not run over a Unix socket: name the server by Server and Port";
    *fate_out = ADOPTION_NEEDLESS;
    return "TLS runs to Server and Port";
}

static bool read_pairs(const struct data_source *source, const struct rule *rules,
                       struct adoption *adoption, struct error *error)
{
    const struct profile *profile = data_source_profile(source);
    for (size_t i = 0; i < source->settings.count; i++) {
        const struct connstr_pair *pair = &source->settings.pairs[i];
        enum adoption_fate fate;
        adoption->keyword = pair->keyword;
        bool is_pqopt = rules == postgresql_rules && text_equal_nocase(pair->keyword, "pqopt");
        if (is_pqopt && !read_pqopt(adoption, pair->value, error))
            return false;
        if (is_pqopt || text_equal_nocase(pair->keyword, "Driver") ||
            text_equal_nocase(pair->keyword, "Description") ||
            apply(rules, adoption, "", pair->keyword, pair->value))
            continue;
        const char *loss = explain_loss(profile, &source->settings, pair, &fate);
        add_row(adoption, loss != NULL ? fate : ADOPTION_KEPT,
                describe("", pair->keyword, odbc_is_secret(pair->keyword), pair->value),
                loss != NULL ? loss : "");
    }
    return true;
}

bool adoption_read(const struct data_source *source, struct adoption *adoption, struct error *error)
{
    *adoption = (struct adoption){0};
    switch (data_source_profile(source)->family) {
    case DRIVER_FAMILY_POSTGRESQL:
        return read_pairs(source, postgresql_rules, adoption, error);
    case DRIVER_FAMILY_TDS:
        return read_pairs(source, tds_rules, adoption, error) &&
               read_entry(source, adoption, error);
    case DRIVER_FAMILY_MYSQL:
        return read_pairs(source, mysql_rules, adoption, error);
    case DRIVER_FAMILY_UNKNOWN:
        break;
    }
    return error_set(
        error, ODBCSSL_ERROR_DRIVER_FUNCTION,
        "%s is no driver whose TLS settings are known (psqlodbc, FreeTDS, MariaDB, MySQL): "
        "write a data source by \"odbcssl dsn\"",
        source->path != NULL ? source->path : source->library);
}
