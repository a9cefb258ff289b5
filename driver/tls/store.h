/*
 * store.h - a key store file (JKS, PKCS#12) that is to be opened with a password.
 */
#ifndef TLS_STORE_H
#define TLS_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "tls/material.h"

struct store {
    const unsigned char *bytes;
    size_t size;
    const char *name;     /* for errors: "SslRootCert=/f (odbc.ini [w])" */
    const char *password; /* NULL: the passwords that such stores are made with by default */
    bool wants_keys;      /* false: private keys are noticed, and left alone */
};

/* Longer passwords are refused. */
#define STORE_PASSWORD_LIMIT 1024

/* Java's, and the one ApsaraDB RDS gives its stores. Ended by NULL. */
extern const char *const store_default_passwords[];

#endif
