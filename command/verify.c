/* verify.c - `odbcssl verify`: would this chain be accepted? Everything comes from files. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "tls/parsed_file.h"
#include "tls/verify.h"
#include "command/arguments.h"
#include "command/chain.h"
#include "command/command.h"
#include "command/json.h"
#include "command/memory.h"

#define NAME_SIZE 700

struct verify_arguments {
    struct argument_list roots;
    struct argument_list crls;
    struct argument_list chain;
    enum crl_check crl_check;
    const char *host;
    time_t at;
    bool allow_weak;
    bool is_json;
};

struct verify_files {
    struct trust *trust;
    struct crl_set crls;
    char *crl_name; /* "--crl=/a (command line), --crl=/b (command line)" */
    struct parsed_file chain;
    gnutls_datum_t *ders; /* of the chain; not owned */
};

/* Arguments */

static bool parse_arguments(int argc, char **argv, struct verify_arguments *arguments)
{
    const char *crl_check = "chain", *at = NULL;
    const struct argument rows[] = {
        {"root-cert", 0, .list = &arguments->roots},
        {"crl", 0, .list = &arguments->crls},
        {"crl-check", 0, .text = &crl_check},
        {"chain", 0, .list = &arguments->chain},
        {"host", 0, .text = &arguments->host},
        {"at", 0, .text = &at},
        {"allow-weak", 0, .flag = &arguments->allow_weak},
        {"json", 0, .flag = &arguments->is_json},
        {0},
    };
    if (!arguments_read(argc, argv, rows, NULL))
        return false;
    arguments->crl_check = text_equal_nocase(crl_check, "leaf") ? CRL_CHECK_LEAF : CRL_CHECK_CHAIN;
    bool is_known = arguments->crl_check == CRL_CHECK_LEAF || text_equal_nocase(crl_check, "chain");
    bool is_time = at == NULL || clock_parse(at, &arguments->at);
    if (!is_known)
        fprintf(stderr, "odbcssl: --crl-check is \"chain\" or \"leaf\", not \"%s\"\n", crl_check);
    else if (!is_time)
        fprintf(stderr, "odbcssl: --at is a time like 2026-03-01T12:00:00Z, not \"%s\"\n", at);
    return is_known && is_time && arguments->roots.count > 0 && arguments->chain.count > 0;
}

/* No store's password, anybody may read, and nobody waits for a change. */
static const struct file_access plain_access;

static struct option option_of(const char *keyword, char *path)
{
    return (struct option){.value = path, .keyword = keyword, .source = (char *)"command line"};
}

/* Files */

static bool load_crls(const struct argument_list *list, struct verify_files *files,
                      struct error *error)
{
    char name[NAME_SIZE];
    for (size_t i = 0; i < list->count; i++) {
        const struct option option = option_of("--crl", list->items[i]);
        struct file_content content;
        if (!file_read(&option, &content, error))
            return false;
        bool is_loaded =
            crl_set_read(&files->crls, &content.bytes, content.size, option.value, error);
        file_content_free(&content);
        if (!is_loaded)
            return false;
        files->crl_name = memory_format("%s%s%s", i > 0 ? files->crl_name : "", i > 0 ? ", " : "",
                                        option_describe(&option, name, sizeof name));
    }
    return true;
}

static bool load_chain(const struct argument_list *list, struct verify_files *files,
                       struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct option option = option_of("--chain", list->items[i]);
        if (!parsed_file_load(&option, PARSED_WANTED_ANCHORS, &plain_access, &files->chain, error))
            return false;
    }
    files->ders = memory_clear((files->chain.certificate_count + 1) * sizeof *files->ders);
    for (size_t i = 0; i < files->chain.certificate_count; i++)
        files->ders[i] = (gnutls_datum_t){files->chain.certificates[i].bytes,
                                          (unsigned)files->chain.certificates[i].size};
    return true;
}

static bool load_files(const struct verify_arguments *arguments, struct verify_files *files,
                       struct error *error)
{
    struct option *roots = memory_clear(arguments->roots.count * sizeof *roots);
    for (size_t i = 0; i < arguments->roots.count; i++)
        roots[i] = option_of("--root-cert", arguments->roots.items[i]);
    files->trust = trust_load(roots, arguments->roots.count, &plain_access, error);
    return files->trust != NULL && load_crls(&arguments->crls, files, error) &&
           load_chain(&arguments->chain, files, error);
}

/* The verdict */

static const char *revocation_text(const struct verify_arguments *arguments,
                                   const struct verify_result *result)
{
    if (arguments->crls.count == 0)
        return "not checked (no --crl)";
    if (result->crl_status == ODBCSSL_CRL_NOT_CHECKED)
        return "not checked";
    if (result->crl_status == ODBCSSL_CRL_NOT_GOOD)
        return "not good";
    return arguments->crl_check == CRL_CHECK_LEAF ? "good (leaf)" : "good (chain)";
}

static void print_text(const struct verify_arguments *arguments, const struct verify_files *files,
                       const struct verify_result *result)
{
    char time_text[CLOCK_TEXT_SIZE];
    printf("%s\n", result->status == 0 ? "accepted" : "refused");
    if (result->status != 0)
        printf("%s\n", verify_error(result)->text);
    const struct chain path = chain_read(result->path, result->path_count, files->trust);
    chain_print(&path, 0);
    printf("time:        %s\n", clock_format(arguments->at, time_text));
    printf("trust:       %s\n", files->trust->name);
    printf("revocation:  %s\n", revocation_text(arguments, result));
    if (result->crl_next_update != 0)
        printf("CRL until:   %s\n", clock_format(result->crl_next_update, time_text));
    printf("host:        %s\n",
           arguments->host != NULL ? arguments->host : "not checked (no --host)");
    printf("algorithms:  %s\n", arguments->allow_weak ? "weak ones allowed" : "checked");
}

static void print_json(const struct verify_arguments *arguments, const struct verify_files *files,
                       const struct verify_result *result)
{
    struct json json = {0};
    char time_text[CLOCK_TEXT_SIZE];
    bool is_accepted = result->status == 0;
    json_open(&json, NULL, '{');
    json_boolean(&json, "accepted", is_accepted);
    json_number(&json, "status", result->status);
    json_number(&json, "error", verify_error(result)->code);
    json_text(&json, "reason", is_accepted ? NULL : verify_error(result)->text);
    json_text(&json, "at", clock_format(arguments->at, time_text));
    json_text(&json, "trust", files->trust->name);
    json_text(&json, "host", arguments->host);
    json_text(&json, "revocation", revocation_text(arguments, result));
    json_text(&json, "crl_next_update",
              result->crl_next_update != 0 ? clock_format(result->crl_next_update, time_text)
                                           : NULL);
    json_boolean(&json, "allow_weak", arguments->allow_weak);
    const struct chain path = chain_read(result->path, result->path_count, files->trust);
    chain_print_json(&path, &json);
    json_close(&json, '}');
}

static void print_failure(const struct verify_arguments *arguments, const struct error *error)
{
    struct json json = {0};
    if (!arguments->is_json) {
        fprintf(stderr, "odbcssl: %s\n", error->text);
        return;
    }
    json_open(&json, NULL, '{');
    json_boolean(&json, "accepted", false);
    json_number(&json, "error", error->code);
    json_text(&json, "reason", error->text);
    json_close(&json, '}');
}

static int verify_files(const struct verify_arguments *arguments, const struct verify_files *files)
{
    struct verify_request request = {.chain = files->ders,
                                     .chain_count = files->chain.certificate_count,
                                     .trust = files->trust,
                                     .crls = arguments->crls.count > 0 ? &files->crls : NULL,
                                     .crl_check = arguments->crl_check,
                                     .crl_name = files->crl_name,
                                     .host = arguments->host,
                                     .at = arguments->at,
                                     .allow_weak = arguments->allow_weak};
    struct verify_result result;
    bool is_accepted = verify_chain(&request, &result);
    if (arguments->is_json)
        print_json(arguments, files, &result);
    else
        print_text(arguments, files, &result);
    verify_result_free(&result);
    return is_accepted ? COMMAND_GOOD : COMMAND_FAILED;
}

int command_verify(int argc, char **argv)
{
    struct verify_arguments arguments = {.at = time(NULL)};
    struct verify_files files = {0};
    struct error error = {0};
    if (!parse_arguments(argc, argv, &arguments))
        return COMMAND_WRONG_USE;
    int status = COMMAND_FAILED;
    if (load_files(&arguments, &files, &error))
        status = verify_files(&arguments, &files);
    else
        print_failure(&arguments, &error);
    trust_free(&files.trust);
    crl_set_free(&files.crls);
    parsed_file_free(&files.chain);
    return status;
}
