/*
 * test_setup.c - the setup library through the real libodbcinst, as an ODBC administrator uses it,
 * with its own odbcinst.ini and odbc.ini.
 */
#include <dlfcn.h>
#include <odbcinstext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config/keys.h"
#include "support/suite.h"

#define DRIVER_NAME "Setup under test"

typedef BOOL config_dsn(HWND, WORD, LPCSTR, LPCSTR);
typedef BOOL config_driver(HWND, WORD, LPCSTR, LPCSTR, LPSTR, WORD, WORD *);

static char directory[200];
static char library[1000];

static const char *path_of(const char *name)
{
    return suite_text("%s/%s", directory, name);
}

static int write_drivers(void)
{
    FILE *file = fopen(path_of("odbcinst.ini"), "w");
    if (file == NULL)
        return -1;
    fprintf(file,
            "[ODBC]\nTrace=No\n[" DRIVER_NAME "]\nDriver=%s/libodbcssl.so\nSetup=%s\n"
            "Setup64=%s\n[Real]\nDriver=%s/real.so\n[For ConfigDriver]\n"
            "Driver=%s/libodbcssl.so\n[For Removal]\nDriver=%s/libodbcssl.so\n"
            "SslMode=require\nSSLCA=/x\nUsageCount=1\n",
            directory, library, library, directory, directory, directory);
    return fclose(file);
}

static int set_up(void)
{
    const char *parent = getenv("TMPDIR");
    const char *builddir = getenv("top_builddir");
    snprintf(library, sizeof library, "%s/setup/.libs/libodbcsslS.so",
             builddir != NULL ? builddir : ".");
    snprintf(directory, sizeof directory, "%s/odbcssl-setup-XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(directory) == NULL || write_drivers() != 0)
        return -1;
    setenv("HOME", directory, 1);
    setenv("ODBCSYSINI", directory, 1);
    setenv("ODBCINI", path_of("odbc.ini"), 1);
    unsetenv("ODBCINSTINI");
    return access(library, R_OK);
}

static int tear_down(void)
{
    unlink(path_of("odbc.ini"));
    unlink(path_of("user.ini"));
    unlink(path_of("odbcinst.ini"));
    return rmdir(directory);
}

static const char *read_file(const char *name)
{
    static char text[8192];
    suite_read(path_of(name), text, sizeof text);
    return text;
}

/* Whether a section of a file has the line keyword = value, blanks apart. */
static bool has_line(const char *name, const char *section, const char *line)
{
    char text[8192];
    size_t length = 0;
    for (const char *from = read_file(name); *from != '\0' && length + 1 < sizeof text; from++)
        if (*from != ' ' && *from != '\t')
            text[length++] = *from;
    text[length] = '\0';
    const char *start = strstr(text, suite_text("[%s]", section));
    if (start == NULL)
        return false;
    char *end = strstr(start + 1, "\n[");
    if (end != NULL)
        end[1] = '\0';
    const char *found = strstr(start, line);
    return found != NULL && found[-1] == '\n' && found[strlen(line)] == '\n';
}

/* The installer's first error; libodbcinst keeps them until they are read. */
static const char *installer_error(DWORD *code_out)
{
    static char text[2000];
    WORD length;
    *code_out = 0;
    text[0] = '\0';
    SQLInstallerError(1, code_out, text, sizeof text, &length);
    return text;
}

CASE("ConfigDSN adds, changes and removes a data source")
{
    CHECK(SQLConfigDataSource(NULL, ODBC_ADD_DSN, DRIVER_NAME,
                              "DSN=warehouse\0Server=db\0SslMode=verify-full\0"
                              "TargetDriver=Real\0SslCrl=/a b.crl\0SslPin=\0"));
    CHECK(has_line("odbc.ini", "warehouse", "Driver=Setupundertest"));
    CHECK(has_line("odbc.ini", "warehouse", "Server=db"));
    CHECK(has_line("odbc.ini", "warehouse", "SslMode=verify-full"));
    CHECK(has_line("odbc.ini", "warehouse", "SslCrl=/ab.crl"));
    CHECK(strstr(read_file("odbc.ini"), "SslPin") == NULL);
    CHECK(strstr(read_file("odbc.ini"), "DSN") == NULL);

    CHECK(SQLConfigDataSource(NULL, ODBC_CONFIG_DSN, DRIVER_NAME,
                              "DSN=warehouse\0SslMode=require\0SslCrl=\0Port=5\0"));
    CHECK(has_line("odbc.ini", "warehouse", "SslMode=require"));
    CHECK(has_line("odbc.ini", "warehouse", "Port=5"));
    CHECK(has_line("odbc.ini", "warehouse", "Server=db"));
    CHECK(strstr(read_file("odbc.ini"), "SslCrl") == NULL);

    CHECK(SQLConfigDataSource(NULL, ODBC_REMOVE_DSN, DRIVER_NAME, "DSN=warehouse\0"));
    CHECK(strstr(read_file("odbc.ini"), "[warehouse]") == NULL);
}

CASE("ConfigDSN writes nothing that would be refused")
{
    static const struct {
        WORD request;
        const char *attributes; /* the literal adds the second NUL */
        DWORD code;
        const char *part;
    } cases[] = {
        {ODBC_ADD_DSN, "DSN=refused\0SslMode=yes\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "SslMode=yes"},
        {ODBC_ADD_DSN, "DSN=refused\0SslMod=require\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "did you mean SslMode?"},
        {ODBC_ADD_DSN, "DSN=refused\0SslRootCert=root.crt\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "relative"},
        {ODBC_ADD_DSN, "DSN=refused\0SSLCA=/a\0SslRootCert=/b\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "contradicts"},
        {ODBC_ADD_DSN, "DSN=refused\0Encrypt=maybe\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "Encrypt=maybe"},
        {ODBC_ADD_DSN, "DSN=refused\0Server=a\n[other]\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "line break"},
        {ODBC_ADD_DSN, "DSN=refused\0PWD= demo pw\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "the value of PWD begins or ends with a blank"},
        {ODBC_ADD_DSN, "DSN=refused\0SslPassword=demo \0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "the value of SslPassword begins or ends with a blank"},
        {ODBC_ADD_DSN, "DSN=refused\0[other]=a\0", ODBC_ERROR_INVALID_KEYWORD_VALUE, "[other]"},
        {ODBC_ADD_DSN, "DSN=refused\0Server\0", ODBC_ERROR_INVALID_KEYWORD_VALUE, "attribute 2"},
        {ODBC_ADD_DSN, "Server=a\0", ODBC_ERROR_INVALID_DSN, "DSN"},
        {ODBC_ADD_DSN, "DSN=refu[sed\0", ODBC_ERROR_INVALID_DSN, "DSN"},
        {ODBC_ADD_DSN, "DSN=refused refused refused refused r\0", ODBC_ERROR_INVALID_DSN,
         "too long"},
        {ODBC_ADD_DSN, "DSN=odbc data sources\0Server=refused\0", ODBC_ERROR_INVALID_DSN,
         "one of the driver manager's own sections"},
        {ODBC_ADD_DSN, "DSN=refused\0Driver=Real\0", ODBC_ERROR_INVALID_KEYWORD_VALUE,
         "Driver=Real contradicts the driver " DRIVER_NAME},
        {ODBC_CONFIG_DSN, "DSN=nowhere\0SslMode=require\0", ODBC_ERROR_INVALID_DSN, "no such"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        DWORD code;
        CHECK(!SQLConfigDataSource(NULL, cases[i].request, DRIVER_NAME, cases[i].attributes));
        CHECK_CONTAINS(installer_error(&code), cases[i].part);
        CHECK_NUMBER(code, cases[i].code);
    }
    CHECK(strstr(read_file("odbc.ini"), "refu") == NULL);
    CHECK(strstr(read_file("odbc.ini"), "nowhere") == NULL);
}

/* What a change would leave behind is checked, not the change alone. */
CASE("ConfigDSN checks what a change would leave")
{
    DWORD code;
    CHECK(SQLConfigDataSource(NULL, ODBC_ADD_DSN, DRIVER_NAME,
                              "DSN=whole\0SslMode=verify-full\0SSLCA=/a\0"));
    CHECK(!SQLConfigDataSource(NULL, ODBC_CONFIG_DSN, DRIVER_NAME, "DSN=whole\0SslRootCert=/b\0"));
    CHECK_CONTAINS(installer_error(&code), "contradicts");
    CHECK(strstr(read_file("odbc.ini"), "/b") == NULL);
    CHECK(SQLConfigDataSource(NULL, ODBC_CONFIG_DSN, DRIVER_NAME,
                              "DSN=whole\0SSLCA=\0SslRootCert=/b\0"));
    CHECK(has_line("odbc.ini", "whole", "SslRootCert=/b"));
    CHECK(SQLConfigDataSource(NULL, ODBC_REMOVE_DSN, DRIVER_NAME, "DSN=whole\0"));
}

static struct rlimit former_limit;

/* As on a full disk; the signal of a limit would end this program. */
static void limit_room(rlim_t size)
{
    getrlimit(RLIMIT_FSIZE, &former_limit);
    const struct rlimit limit = {size, former_limit.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* Half a data source might connect with less than was asked for. */
CASE("without room a file stays as it is")
{
    static const struct {
        WORD request;
        const char *attributes;
    } changes[] = {
        {ODBC_ADD_DSN, "DSN=large\0Server=db\0SslRootCert=/a\0SslMode=verify-full\0"},
        {ODBC_CONFIG_DSN, "DSN=kept\0Server=another.example.com\0SslMode=verify-full\0"},
    };
    DWORD code;
    CHECK(SQLConfigDataSource(NULL, ODBC_ADD_DSN, DRIVER_NAME,
                              "DSN=kept\0Server=db\0SslMode=require\0"));
    const char *present = suite_text("%s", read_file("odbc.ini"));
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        for (size_t room = 0; room < 20; room++) {
            limit_room(strlen(present) + room);
            BOOL outcome =
                SQLConfigDataSource(NULL, changes[i].request, DRIVER_NAME, changes[i].attributes);
            setrlimit(RLIMIT_FSIZE, &former_limit);
            CHECK_FATAL(!outcome);
            CHECK_CONTAINS(installer_error(&code), "cannot be written to");
            CHECK_NUMBER(code, ODBC_ERROR_REQUEST_FAILED);
            CHECK_TEXT(read_file("odbc.ini"), present);
        }
    }
    CHECK(SQLConfigDataSource(NULL, ODBC_REMOVE_DSN, DRIVER_NAME, "DSN=kept\0"));
}

static void *load_function(void **handle_out, const char *name)
{
    *handle_out = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return *handle_out != NULL ? dlsym(*handle_out, name) : NULL;
}

CASE("ConfigDSN leaves nothing of a data source that it writes anew")
{
    FILE *file = fopen(path_of("odbc.ini"), "w");
    CHECK_FATAL(file != NULL);
    fputs("[again]\nDriver=x\nSslMode=prefer\nPort=1\nSslMode=allow\n[other]\nPort=2\n", file);
    CHECK_FATAL(fclose(file) == 0);
    CHECK(SQLConfigDataSource(NULL, ODBC_ADD_DSN, DRIVER_NAME,
                              "DSN=again\0Server=db\0SslMode=verify-full\0"));
    CHECK(has_line("odbc.ini", "again", "SslMode=verify-full"));
    CHECK(strstr(read_file("odbc.ini"), "allow") == NULL);
    CHECK(!has_line("odbc.ini", "again", "Port=1"));
    CHECK(has_line("odbc.ini", "other", "Port=2"));
}

CASE("ConfigDSN does not say that it removed what it could not read")
{
    DWORD code;
    FILE *file = fopen(path_of("odbc.ini"), "w");
    CHECK_FATAL(file != NULL);
    fputs("\xef\xbb\xbf[marked]\nDriver=x\n", file);
    CHECK_FATAL(fclose(file) == 0);
    CHECK(!SQLConfigDataSource(NULL, ODBC_REMOVE_DSN, DRIVER_NAME, "DSN=marked\0"));
    CHECK_CONTAINS(installer_error(&code), "a byte order mark");
    CHECK_NUMBER(code, ODBC_ERROR_REQUEST_FAILED);
    unlink(path_of("odbc.ini"));
}

/* A section in the user's file would hide the whole of the system's. */
CASE("ConfigDSN changes a data source where it is")
{
    static const char added[] = "DSN=of the user\0Server=db\0SslMode=require\0";
    void *handle;
    config_dsn *config = (config_dsn *)load_function(&handle, "ConfigDSN");
    CHECK_FATAL(config != NULL);
    CHECK(SQLConfigDataSource(NULL, ODBC_ADD_SYS_DSN, DRIVER_NAME,
                              "DSN=shared\0Server=db\0SslMode=verify-full\0"));
    setenv("ODBCINI", path_of("user.ini"), 1);
    CHECK(SQLSetConfigMode(ODBC_BOTH_DSN));
    CHECK(config(NULL, ODBC_CONFIG_DSN, DRIVER_NAME, "DSN=shared\0Port=5\0"));
    CHECK(config(NULL, ODBC_ADD_DSN, DRIVER_NAME, added));
    CHECK(has_line("odbc.ini", "shared", "Port=5"));
    CHECK(has_line("odbc.ini", "shared", "SslMode=verify-full"));
    CHECK(has_line("user.ini", "oftheuser", "SslMode=require"));
    CHECK(strstr(read_file("user.ini"), "shared") == NULL);
    CHECK(config(NULL, ODBC_REMOVE_DSN, DRIVER_NAME, "DSN=shared\0"));
    CHECK(strstr(read_file("odbc.ini"), "shared") == NULL);
    CHECK(strstr(read_file("user.ini"), "of the user") != NULL);
    setenv("ODBCINI", path_of("odbc.ini"), 1);
    dlclose(handle);
}

static HODBCINSTPROPERTY find_property(HODBCINSTPROPERTY property, const char *name)
{
    while (property != NULL && strcmp(property->szName, name) != 0)
        property = property->pNext;
    return property;
}

static bool has_choice(HODBCINSTPROPERTY property, const char *choice)
{
    for (char **next = property->aPromptData; next != NULL && *next != NULL; next++)
        if (strcmp(*next, choice) == 0)
            return true;
    return false;
}

/* ODBCINSTConstructProperties has unloaded the library when the properties are looked at. */
CASE("every keyword is a property with help")
{
    HODBCINSTPROPERTY first = NULL;
    CHECK_FATAL(ODBCINSTConstructProperties(DRIVER_NAME, &first) == ODBCINST_SUCCESS);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        HODBCINSTPROPERTY property = find_property(first, keys[i].name);
        CHECK_FATAL(property != NULL);
        CHECK_TEXT(property->pszHelp, keys[i].help);
        CHECK_TEXT(property->szValue, "");
    }
    HODBCINSTPROPERTY mode = find_property(first, "SslMode");
    CHECK_NUMBER(mode->nPromptType, ODBCINST_PROMPTTYPE_LISTBOX);
    CHECK(has_choice(mode, "verify-full") && has_choice(mode, ""));
    HODBCINSTPROPERTY target = find_property(first, "TargetDriver");
    CHECK_NUMBER(target->nPromptType, ODBCINST_PROMPTTYPE_COMBOBOX);
    CHECK(has_choice(target, "Real"));
    CHECK(!has_choice(target, DRIVER_NAME) && !has_choice(target, "ODBC"));
    CHECK(!has_choice(find_property(first, "SslSni"), "yes"));
    CHECK_NUMBER(find_property(first, "SslPassword")->nPromptType,
                 ODBCINST_PROMPTTYPE_TEXTEDIT_PASSWORD);
    CHECK_NUMBER(find_property(first, "SslCrl")->nPromptType, ODBCINST_PROMPTTYPE_FILENAME);
    CHECK(find_property(first, "Server") != NULL);
    CHECK(ODBCINSTDestructProperties(&first) == ODBCINST_SUCCESS);
}

/* SQLConfigDriver refuses every driver with a Setup on 64-bit machines, so ConfigDriver is
 * called. */
CASE("ConfigDriver writes driver-wide keywords and takes them out")
{
    char message[200];
    WORD length = 0;
    DWORD code;
    void *handle;
    config_driver *config = (config_driver *)load_function(&handle, "ConfigDriver");
    CHECK_FATAL(config != NULL);

    CHECK(config(NULL, ODBC_INSTALL_DRIVER, "For ConfigDriver", NULL, message, sizeof message,
                 &length));
    CHECK_CONTAINS(message, "TargetDriver is not set");
    CHECK_NUMBER(length, strlen(message));
    CHECK(config(NULL, ODBC_CONFIG_DRIVER, "For ConfigDriver",
                 "TargetDriver={Real};SslMode=verify-full;CPTimeout=60", message, sizeof message,
                 &length));
    CHECK_TEXT(message, "");
    CHECK(has_line("odbcinst.ini", "ForConfigDriver", "TargetDriver=Real"));
    CHECK(has_line("odbcinst.ini", "ForConfigDriver", "SslMode=verify-full"));
    CHECK(has_line("odbcinst.ini", "ForConfigDriver", "CPTimeout=60"));

    CHECK(!config(NULL, ODBC_CONFIG_DRIVER, "For ConfigDriver", "SslMode=no", NULL, 0, NULL));
    CHECK_CONTAINS(installer_error(&code), "SslMode=no");
    CHECK_NUMBER(code, ODBC_ERROR_INVALID_KEYWORD_VALUE);
    CHECK(!config(NULL, ODBC_CONFIG_DRIVER, "For ConfigDriver", "SslMode={", NULL, 0, NULL));
    CHECK_CONTAINS(installer_error(&code), "SslMode");
    CHECK_NUMBER(code, ODBC_ERROR_INVALID_KEYWORD_VALUE);
    CHECK(!config(NULL, ODBC_CONFIG_DRIVER, "For ConfigDriver", "SslPassword={a }", NULL, 0, NULL));
    CHECK_CONTAINS(installer_error(&code), "the value of SslPassword begins or ends");
    CHECK(!config(NULL, 99, "For ConfigDriver", NULL, NULL, 0, NULL));
    installer_error(&code);
    CHECK_NUMBER(code, ODBC_ERROR_INVALID_REQUEST_TYPE);

    CHECK(config(NULL, ODBC_REMOVE_DRIVER, "For Removal", NULL, NULL, 0, NULL));
    CHECK(!has_line("odbcinst.ini", "ForRemoval", "SslMode=require"));
    CHECK(!has_line("odbcinst.ini", "ForRemoval", "SSLCA=/x"));
    CHECK(has_line("odbcinst.ini", "ForRemoval", "UsageCount=1"));
    dlclose(handle);
}

SUITE("setup library", set_up, tear_down)
