/*
 * progress.h - shows on a terminal that a step which takes long is alive: "... connecting, 3 s" on
 * standard error, taken away again when the step is over. Nothing where that is no terminal.
 */
#ifndef COMMAND_PROGRESS_H
#define COMMAND_PROGRESS_H

struct progress;

/* doing: "connecting"; it has to outlive the progress. NULL: there is no terminal. */
struct progress *progress_start(const char *doing);

/* Accepts NULL and clears. */
void progress_stop(struct progress **progress);

#endif
