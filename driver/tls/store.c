#include "tls/store.h"

const char *const store_default_passwords[] = {"changeit", "apsaradb", NULL};
