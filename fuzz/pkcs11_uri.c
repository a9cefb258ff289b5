/* pkcs11_uri.c - a PIN that stands in the URI of a token is shown to nobody. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/target.h"
#include "tls/token.h"

FUZZ_TARGET(pkcs11_uri, bytes, size)
{
    static const char attribute[] = "pin-value=";
    char *value = fuzz_text(bytes, size);
    char *shown = token_hide_pin(value);
    fuzz_require(shown != NULL);
    if (!token_is_uri(value))
        fuzz_require(strcmp(shown, value) == 0);
    for (char *at = shown; token_is_uri(value) && (at = strcasestr(at, attribute)) != NULL;) {
        at += sizeof attribute - 1;
        fuzz_require(strncmp(at, "***", 3) == 0 && (at[3] == '\0' || strchr("&;", at[3]) != NULL));
    }
    free(shown);
    free(value);
}
