/* options.c - names and freeing of what config/ resolved and the layers below conn/ obey. */
#include "base/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

void option_free(struct option *option)
{
    text_free_secret(option->value);
    free(option->source);
    *option = (struct option){0};
}

void tls_options_free(struct tls_options *options)
{
#define TEXT_KEY(name, field, kind, fallback, environment, file, help) option_free(&options->field);
#define DRIVER_KEY(name, field, kind, help)
#include "base/keys.def"
    *options = (struct tls_options){0};
}

const char *tls_mode_name(enum odbcssl_mode mode)
{
    switch (mode) {
    case ODBCSSL_MODE_DISABLE:
        return "disable";
    case ODBCSSL_MODE_ALLOW:
        return "allow";
    case ODBCSSL_MODE_PREFER:
        return "prefer";
    case ODBCSSL_MODE_REQUIRE:
        return "require";
    case ODBCSSL_MODE_VERIFY_CA:
        return "verify-ca";
    case ODBCSSL_MODE_VERIFY_FULL:
        return "verify-full";
    }
    return "unknown";
}

const char *tls_version_name(enum tls_version version)
{
    switch (version) {
    case TLS_VERSION_NONE:
        return "none";
    case TLS_VERSION_1_0:
        return "TLSv1";
    case TLS_VERSION_1_1:
        return "TLSv1.1";
    case TLS_VERSION_1_2:
        return "TLSv1.2";
    case TLS_VERSION_1_3:
        return "TLSv1.3";
    }
    return "unknown";
}

struct option option_of_file(const struct option *option, const char *path)
{
    struct option file = *option;
    file.value = (char *)path;
    return file;
}

const char *option_describe(const struct option *option, char *out, size_t out_size)
{
    snprintf(out, out_size, "%s=%s (%s)", option->keyword != NULL ? option->keyword : "?",
             option->value != NULL ? option->value : "",
             option->source != NULL ? option->source : "default");
    return out;
}
