/* pin.c - SslPin: either it is no list of pins, or it names none of a certificate. */
#include <stdlib.h>

#include "fuzz/target.h"
#include "tls/verify_parts.h"

FUZZ_TARGET(pin, bytes, size)
{
    static const unsigned char der[] = {0x30, 0x00}; /* an empty name, and all of the certificate */
    const struct der empty = {.whole = der, .whole_size = sizeof der, .content = der + 2};
    const struct certificate server = {
        .bytes = der, .size = sizeof der, .subject = empty, .public_key = empty};
    static struct verify_attempt attempt;
    char *text = fuzz_text(bytes, size);
    verify_start_attempt(&attempt);
    verify_check_pin(&attempt, &server, text);
    fuzz_require(verify_status(attempt.parts) != 0 &&
                 error_is_set(&verify_worst(attempt.parts)->error));
    free(text);
}
