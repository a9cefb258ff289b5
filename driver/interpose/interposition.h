/*
 * interposition.h - what the files of interpose/ share: connecting and ending a descriptor. Not for
 * other parts.
 */
#ifndef INTERPOSE_INTERPOSITION_H
#define INTERPOSE_INTERPOSITION_H

#include <poll.h>
#include <sys/types.h>

#include "interpose/descriptors.h"
#include "interpose/interpose.h"
#include "interpose/slots.h"

/* connect(): dials the server, and makes number the session's. Blocks as long as dialling does. 0,
 * also when the server cannot be reached (the session then tells the real driver); -1 with errno.
 */
int interposition_connect(struct interposition *interposition, int number);

/* close(), before libc's: the session ends, as far as it can without waiting. */
void interposition_end(struct descriptor *descriptor);

/* The number was closed past us and is somebody else's: the session ends without it. */
void interposition_forget(struct descriptor *descriptor);

/* Lets the session go on: receives once, if there is to be something, and sends what it can. */
void descriptor_go_on(struct descriptor *descriptor, bool is_receiving);

/* What the socket's time-outs are now. */
void descriptor_note_timeouts(struct descriptor *descriptor);

/* Whether what the true socket has to say is the server's; or the driver's, which ended both ways.
 */
static inline bool descriptor_can_receive(const struct descriptor *descriptor)
{
    return descriptor->has_server && (!descriptor->is_deaf || descriptor->is_write_shut);
}

/* The lock of a descriptor, held for the work of one call. A thread that is cancelled meanwhile
 * ends only when it lets go. */
struct hold {
    struct descriptor *descriptor;
    int cancel_state;
};

/* false: nothing is held; the session is gone, or the parent's, or this thread left one of its
 * calls by a jump. */
bool hold_take(struct hold *hold, struct descriptor *descriptor);
void hold_release(struct hold *hold);

/* Waits until the session can be read from (POLLIN) or written to (POLLOUT), a signal comes (-1,
 * EINTR) or milliseconds are over (-1, EAGAIN; 0: no limit). */
int wait_for_descriptor(struct descriptor *descriptor, short events, int milliseconds);

/* poll() where at least one descriptor is ours. */
int wait_for_all(struct pollfd *polled, size_t count, int milliseconds);

/* libc's functions of fortified builds: they end the program when size is above the buffer's. */
ssize_t __recv_chk(int number, void *bytes, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int number, void *bytes, size_t size, size_t room, int flags,
                       struct sockaddr *address, socklen_t *length);
ssize_t __read_chk(int number, void *bytes, size_t size, size_t room);
int __poll_chk(struct pollfd *polled, nfds_t count, int milliseconds, size_t room);

/* The functions that the slots are led to, by the names of carried.def. */
extern const struct slots_rule interpose_rules[];

#endif
