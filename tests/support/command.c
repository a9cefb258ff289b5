/* command.c - runs odbcssl of this build, and checks what it printed. */
#include "support/command.h"

#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"
#include "support/tools.h"

#define ARGUMENT_LIMIT 30

char command_output[262144];

static char *const *list(const char *const *arguments)
{
    static char *all[ARGUMENT_LIMIT + 2];
    size_t count = 0;
    all[count++] = suite_built("command/odbcssl");
    for (; *arguments != NULL && count <= ARGUMENT_LIMIT; arguments++)
        all[count++] = (char *)*arguments;
    all[count] = NULL;
    return all;
}

int command_run(const char *const *arguments)
{
    return tools_spawn(list(arguments), command_output, sizeof command_output);
}

int command_run_on_terminal(const char *input, const char *const *arguments)
{
    int terminal, status = -1;
    size_t used = 0;
    ssize_t got;
    char *const *all = list(arguments);
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    if (child == 0) {
        execv(all[0], all);
        _exit(127);
    }
    if (child < 0)
        return -1;
    if (input[0] != '\0' && write(terminal, input, strlen(input)) < 0)
        suite_check_text("the terminal takes no input", "", __FILE__, __LINE__);
    /* A terminal ends with an error when the child is gone. */
    do {
        got = read(terminal, command_output + used, sizeof command_output - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    command_output[used] = '\0';
    close(terminal);
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void command_check_fact(const char *mark, const char *name, const char *text)
{
    const char *start = suite_text("  %-5s %-18s ", mark, name);
    const char *found = strstr(command_output, start);
    if (found == NULL) {
        CHECK_CONTAINS(command_output, start);
        return;
    }
    CHECK_CONTAINS(suite_text("%.*s", (int)strcspn(found, "\n"), found), text);
}

void command_check_absent(const char *text)
{
    if (strstr(command_output, text) != NULL)
        printf("# unwanted: %s\n", text);
    CHECK(strstr(command_output, text) == NULL);
}

bool command_make_library_folder(const char *folder)
{
    static const char *const libraries[] = {"driver/odbc/.libs/libodbcssl.so",
                                            "driver/odbc/.libs/libodbcssla.so",
                                            "setup/.libs/libodbcsslS.so"};
    bool is_made = mkdir(folder, 0755) == 0 || errno == EEXIST;
    for (size_t i = 0; i < 3 && is_made; i++)
        is_made = symlink(suite_built(libraries[i]),
                          suite_text("%s%s", folder, strrchr(libraries[i], '/'))) == 0 ||
                  errno == EEXIST;
    return is_made;
}
