/*
 * distrusted.c - reads from p11-kit what the system distrusts: certificates by GnuTLS, and by
 * PKCS#11 itself what is named by issuer and serial number alone, which GnuTLS does not tell.
 */
#include "tls/distrusted.h"

#include <gnutls/pkcs11.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/pkcs11x.h>

#include "tls/der.h"

/* Room for an issuer and a serial number; a longer one is not read. */
#define ISSUER_SIZE 4096
#define SERIAL_SIZE 256

#define OBJECTS_AT_ONCE 32

struct policy {
    const struct option *option;
    struct parsed_file *certificates;
    struct buffer *numbers;
    struct error *error;
    CK_FUNCTION_LIST *module; /* with slot: the token that was searched last */
    CK_SLOT_ID slot;
    /* Objects without a certificate: as GnuTLS lists them, and those whose numbers were read. */
    unsigned listed;
    unsigned found;
};

static bool refuse(const struct policy *policy, int outcome)
{
    char name[OPTION_TEXT_SIZE];
    return outcome == GNUTLS_E_MEMORY_ERROR
               ? error_set_memory(policy->error)
               : error_set(policy->error, ODBCSSL_ERROR_TRUST_MISSING,
                           "%s: what the system distrusts cannot be read from p11-kit: %s; repair "
                           "it, or set SslRootCert to the file of the certificate authority",
                           option_describe(policy->option, name, sizeof name),
                           gnutls_strerror(outcome));
}

static bool is_one(const CK_ATTRIBUTE *attribute, unsigned tag)
{
    struct cursor cursor = cursor_over(attribute->pValue, attribute->ulValueLen);
    struct der element;
    return der_expect(&cursor, tag, &element) && element.size > 0 && der_is_at_end(&cursor);
}

static int add_object(struct policy *policy, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    unsigned char issuer[ISSUER_SIZE], serial[SERIAL_SIZE];
    CK_ATTRIBUTE value = {CKA_VALUE, NULL, 0};
    CK_ATTRIBUTE parts[] = {{CKA_ISSUER, issuer, sizeof issuer},
                            {CKA_SERIAL_NUMBER, serial, sizeof serial}};
    const CK_FUNCTION_LIST *module = policy->module;
    if (module->C_GetAttributeValue(session, object, &value, 1) == CKR_OK && value.ulValueLen > 0)
        return 0; /* GnuTLS gives it */
    if (module->C_GetAttributeValue(session, object, parts, 2) != CKR_OK ||
        !is_one(&parts[0], DER_TAG_SEQUENCE) || !is_one(&parts[1], DER_TAG_INTEGER))
        return GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
    policy->found++;
    return buffer_append(policy->numbers, issuer, parts[0].ulValueLen) &&
                   buffer_append(policy->numbers, serial, parts[1].ulValueLen)
               ? 0
               : GNUTLS_E_MEMORY_ERROR;
}

static int search_token(struct policy *policy)
{
    CK_OBJECT_CLASS class = CKO_CERTIFICATE;
    CK_BBOOL yes = CK_TRUE;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class},
                             {CKA_X_DISTRUSTED, &yes, sizeof yes}};
    CK_OBJECT_HANDLE objects[OBJECTS_AT_ONCE];
    CK_SESSION_HANDLE session;
    CK_ULONG count = 0;
    const CK_FUNCTION_LIST *module = policy->module;
    int outcome = GNUTLS_E_PKCS11_ERROR;
    if (module->C_OpenSession(policy->slot, CKF_SERIAL_SESSION, NULL, NULL, &session) != CKR_OK)
        return outcome;
    if (module->C_FindObjectsInit(session, wanted, 2) == CKR_OK) {
        do {
            bool is_read =
                module->C_FindObjects(session, objects, OBJECTS_AT_ONCE, &count) == CKR_OK;
            outcome = is_read ? 0 : GNUTLS_E_PKCS11_ERROR;
            for (CK_ULONG i = 0; outcome == 0 && i < count; i++)
                outcome = add_object(policy, session, objects[i]);
        } while (outcome == 0 && count > 0);
        module->C_FindObjectsFinal(session);
    }
    module->C_CloseSession(session);
    return outcome;
}

/* The token is searched rather than asked for the object, whose URL may be that of others too. */
static bool add_numbers(struct policy *policy, gnutls_pkcs11_obj_t object)
{
    char *url = NULL;
    void *module = NULL;
    unsigned long slot = 0;
    policy->listed++;
    int outcome = gnutls_pkcs11_obj_export_url(object, GNUTLS_PKCS11_URL_GENERIC, &url);
    if (outcome >= 0)
        outcome = gnutls_pkcs11_token_get_ptr(url, &module, &slot, 0);
    gnutls_free(url);
    if (outcome >= 0 && module != NULL && (policy->module != module || policy->slot != slot)) {
        policy->module = module;
        policy->slot = slot;
        outcome = search_token(policy);
    }
    return outcome >= 0 || refuse(policy, outcome);
}

static bool add(struct policy *policy, gnutls_pkcs11_obj_t object)
{
    gnutls_datum_t der = {0};
    int outcome = gnutls_pkcs11_obj_export2(object, &der);
    if (outcome == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return add_numbers(policy, object);
    bool is_good = (outcome >= 0 || refuse(policy, outcome)) &&
                   parsed_file_add_certificate(policy->certificates, der.data, der.size, "system",
                                               policy->error);
    gnutls_free(der.data);
    return is_good;
}

bool distrusted_read(const struct option *option, struct parsed_file *certificates,
                     struct buffer *numbers, struct error *error)
{
    struct policy policy = {
        .option = option, .certificates = certificates, .numbers = numbers, .error = error};
    gnutls_pkcs11_obj_t *objects = NULL;
    unsigned count = 0;
    int outcome = gnutls_pkcs11_obj_list_import_url4(
        &objects, &count, "pkcs11:",
        GNUTLS_PKCS11_OBJ_FLAG_CRT | GNUTLS_PKCS11_OBJ_FLAG_RETRIEVE_DISTRUSTED |
            GNUTLS_PKCS11_OBJ_FLAG_PRESENT_IN_TRUSTED_MODULE);
    if (outcome == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
        return true;
    bool is_good = outcome >= 0 || refuse(&policy, outcome);
    for (unsigned i = 0; i < count; i++) {
        is_good = is_good && add(&policy, objects[i]);
        gnutls_pkcs11_obj_deinit(objects[i]);
    }
    gnutls_free(objects);
    if (is_good && policy.found < policy.listed)
        is_good = refuse(&policy, GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE);
    return is_good;
}
