/* tools.c - runs openssl, keytool and other programs, loads libraries, opens sockets. */
#include "support/tools.h"

#include <dlfcn.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/suite.h"

#define COMMAND_SIZE 4096
#define SPAWN_SECONDS 120

bool tools_have(const char *program)
{
    if (system(suite_text("command -v %s >/dev/null 2>&1", program)) == 0)
        return true;
    suite_skip(suite_text("%s is not installed", program));
    return false;
}

bool tools_can_load(void)
{
    if (SUITE_IS_SANITIZED)
        suite_skip("a driver with sanitizers cannot be loaded by other programs");
    return !SUITE_IS_SANITIZED;
}

bool tools_run(const char *directory, const char *format, ...)
{
    char output[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    char *command = NULL;
    int length = vasprintf(&command, format, arguments);
    va_end(arguments);
    const char *log = suite_text("%s/tool.log", directory);
    bool is_good = length >= 0 && system(suite_text("cd '%s' && { %s ; } >'%s' 2>&1 </dev/null",
                                                    directory, command, log)) == 0;
    if (!is_good) {
        suite_read(log, output, sizeof output);
        printf("# failed: %s\n", command);
        for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n"))
            printf("# %s\n", line);
    }
    free(command);
    return is_good;
}

int tools_spawn(char *const *arguments, char *out, size_t size)
{
    int ends[2], status = 0;
    size_t used = 0;
    ssize_t got;
    char rest[512];
    if (pipe(ends) != 0)
        return -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        close(ends[1]);
        alarm(SPAWN_SECONDS);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(ends[1]);
    while (out != NULL && used < size - 1 && (got = read(ends[0], out + used, size - 1 - used)) > 0)
        used += (size_t)got;
    if (out != NULL)
        out[used] = '\0';
    while (read(ends[0], rest, sizeof rest) > 0)
        ;
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

bool tools_output(const char *directory, char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *command = NULL;
    int length = vasprintf(&command, format, arguments);
    va_end(arguments);
    FILE *stream =
        length >= 0
            ? popen(suite_text("cd '%s' && { %s ; } 2>/dev/null </dev/null", directory, command),
                    "r")
            : NULL;
    free(command);
    size_t got = stream != NULL ? fread(out, 1, size - 1, stream) : 0;
    out[got] = '\0';
    return stream != NULL && pclose(stream) == 0;
}

unsigned char *tools_read(const char *directory, const char *name, size_t *size_out)
{
    const char *path = suite_text("%s/%s", directory, name);
    struct stat status;
    unsigned char *bytes = stat(path, &status) == 0 ? malloc((size_t)status.st_size + 1) : NULL;
    *size_out = bytes != NULL ? suite_read(path, bytes, (size_t)status.st_size + 1) : 0;
    return bytes;
}

bool tools_load(const char *library, const struct tools_function *functions)
{
    void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    for (; handle != NULL && functions->name != NULL; functions++) {
        void *function = dlsym(handle, functions->name);
        if (function == NULL)
            return false;
        memcpy(functions->place, &function, sizeof function);
    }
    return handle != NULL;
}

/* port 0: to listen. */
static int open_socket(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t size = sizeof address;
    int number = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_open = *port == 0 ? bind(number, name, size) == 0 && listen(number, 16) == 0 &&
                                    getsockname(number, name, &size) == 0
                              : connect(number, name, size) == 0;
    if (!is_open)
        close(number);
    *port = ntohs(address.sin_port);
    return is_open ? number : -1;
}

int tools_listen(uint16_t *port_out)
{
    *port_out = 0;
    return open_socket(port_out);
}

int tools_connect(unsigned port)
{
    return open_socket(&(uint16_t){(uint16_t)port});
}
