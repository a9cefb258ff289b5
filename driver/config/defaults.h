/*
 * defaults.h - what libpq takes when nothing else is said: environment variables and files below
 * the home directory.
 */
#ifndef CONFIG_DEFAULTS_H
#define CONFIG_DEFAULTS_H

/* The variable's value; NULL when it is unset or empty, or when the process has more rights than
 * the user who set it (secure_getenv(3)). */
const char *defaults_environment(const char *variable);

/* The absolute path of a file below the home directory; the caller frees it. NULL: there is no home
 * directory, or no memory. The home directory is $HOME, else the effective user's in the password
 * database. */
char *defaults_home_path(const char *name);

/* The same below the home directory that the password database has for the real user, whatever
 * $HOME says. When the process has more rights than he, he is not believed: then the effective
 * user's. */
char *defaults_real_user_path(const char *name);

/* The effective user's name in the password database; the caller frees it. NULL: there is none, or
 * no memory.
 */
char *defaults_account_name(void);

#endif
