/* command.c - runs odbcssl of this build, and checks what it printed. */
#include "support/command.h"

#include <errno.h>
#include <pty.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"

#define ARGUMENT_LIMIT 30

char command_output[262144];

const char *command_text(const char *format, ...)
{
    static char texts[8][16384];
    static unsigned next;
    char *text = texts[next++ % 8];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof texts[0], format, arguments);
    va_end(arguments);
    return text;
}

/* A terminal ends with an error when the child is gone. */
static void read_all(int descriptor)
{
    size_t used = 0;
    ssize_t got;
    do {
        got = read(descriptor, command_output + used, sizeof command_output - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    command_output[used] = '\0';
}

_Noreturn static void execute(const char *const *arguments)
{
    char path[4096];
    const char *list[ARGUMENT_LIMIT + 2] = {"odbcssl"};
    const char *build = getenv("top_builddir");
    snprintf(path, sizeof path, "%s/command/odbcssl", build != NULL ? build : ".");
    for (size_t i = 0; arguments[i] != NULL && i < ARGUMENT_LIMIT; i++)
        list[i + 1] = arguments[i];
    execv(path, (char *const *)list);
    _exit(127);
}

static int wait_for(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int command_run(const char *const *arguments)
{
    int pipes[2];
    if (pipe(pipes) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        dup2(pipes[1], STDERR_FILENO);
        close(pipes[0]);
        close(pipes[1]);
        execute(arguments);
    }
    close(pipes[1]);
    read_all(pipes[0]);
    close(pipes[0]);
    return wait_for(child);
}

int command_run_on_terminal(const char *input, const char *const *arguments)
{
    int terminal;
    pid_t child = forkpty(&terminal, NULL, NULL, NULL);
    if (child == 0)
        execute(arguments);
    if (child < 0)
        return -1;
    if (input[0] != '\0' && write(terminal, input, strlen(input)) < 0)
        suite_check_text("the terminal takes no input", "", __FILE__, __LINE__);
    read_all(terminal);
    close(terminal);
    return wait_for(child);
}

void command_check_fact(const char *mark, const char *name, const char *text)
{
    char start[64], line[8192];
    snprintf(start, sizeof start, "  %-5s %-18s ", mark, name);
    const char *found = strstr(command_output, start);
    if (found == NULL) {
        CHECK_CONTAINS(command_output, start);
        return;
    }
    snprintf(line, sizeof line, "%.*s", (int)strcspn(found, "\n"), found);
    CHECK_CONTAINS(line, text);
}

void command_check_absent(const char *text)
{
    if (strstr(command_output, text) != NULL)
        printf("# unwanted: %s\n", text);
    CHECK(strstr(command_output, text) == NULL);
}

bool command_make_library_folder(const char *folder)
{
    static const char *const libraries[][2] = {{"driver/odbc/.libs", "libodbcssl.so"},
                                               {"driver/odbc/.libs", "libodbcssla.so"},
                                               {"setup/.libs", "libodbcsslS.so"}};
    const char *build = getenv("top_builddir");
    bool is_made = mkdir(folder, 0755) == 0 || errno == EEXIST;
    for (size_t i = 0; i < 3 && is_made; i++) {
        const char *from =
            command_text("%s/%s/%s", build != NULL ? build : ".", libraries[i][0], libraries[i][1]);
        is_made =
            symlink(from, command_text("%s/%s", folder, libraries[i][1])) == 0 || errno == EEXIST;
    }
    return is_made;
}
