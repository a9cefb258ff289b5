/*
 * conversation_memory.h - a login in which memory runs out, at one allocation after the other.
 */
#ifndef TESTS_CONVERSATION_MEMORY_H
#define TESTS_CONVERSATION_MEMORY_H

#include "unit/conversation.h"

/* Every round ends as the scenario does or is refused for want of memory, and sends the server
 * nothing that the scenario does not. Steps come whole. */
void conversation_starve(const struct proto *proto, const struct scenario *scenario);

#endif
