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
    static const char *const names[] = {
        [ODBCSSL_MODE_DISABLE] = "disable",     [ODBCSSL_MODE_ALLOW] = "allow",
        [ODBCSSL_MODE_PREFER] = "prefer",       [ODBCSSL_MODE_REQUIRE] = "require",
        [ODBCSSL_MODE_VERIFY_CA] = "verify-ca", [ODBCSSL_MODE_VERIFY_FULL] = "verify-full"};
    return (size_t)mode < sizeof names / sizeof names[0] ? names[mode] : "unknown";
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
