#include "faults/fault_case.h"

#include <stdio.h>

const char *const fault_transport_names[FAULT_TRANSPORTS] = {"interpose", "relay"};
const char *const fault_state_names[FAULT_STATES] = {"warm", "cold"};
const char *const fault_call_names[FAULT_CALLS] = {"allocation", "helper's allocation",
                                                   "socket",     "connect",
                                                   "poll",       "send",
                                                   "recv",       "eventfd",
                                                   "thread",     "mprotect",
                                                   "dup3",       "accept",
                                                   "listen",     "sockets",
                                                   "shutdown",   "file",
                                                   "status",     "read",
                                                   "load",       "resolve",
                                                   "random"};
static const char *const verdict_names[FAULT_VERDICTS] = {"welcome", "revoked", "stranger",
                                                          "misnamed"};
static const char *const manner_names[] = {"none",        "fails", "fails from then on",
                                           "interrupted", "again", "short"};
static const char *const action_names[PEER_ACTIONS] = {"nothing", "reset", "end",     "half-close",
                                                       "delay",   "split", "corrupt", "overwrite",
                                                       "insert",  "drop",  "stall",   "refuse"};

/* Of the connection that logs in, and of one that cancels. */
#define LOGIN_MESSAGES 36
#define CANCEL_MESSAGES 6

/* By state and transport: how many calls of each kind cases fail. */
static const unsigned limits[FAULT_STATES][FAULT_TRANSPORTS][FAULT_CALLS] = {
    [FAULT_WARM] = {[FAULT_INTERPOSED] = {[FAULT_ALLOCATION] = 600,
                                          [FAULT_HELPER] = 800,
                                          [FAULT_SOCKET] = 5,
                                          [FAULT_CONNECT] = 3,
                                          [FAULT_POLL] = 60,
                                          [FAULT_SEND] = 40,
                                          [FAULT_RECV] = 60,
                                          [FAULT_DUP3] = 3,
                                          [FAULT_LISTEN] = 3,
                                          [FAULT_SOCKETS] = 40,
                                          [FAULT_SHUTDOWN] = 4,
                                          [FAULT_STATUS] = 10,
                                          [FAULT_RESOLVE] = 5,
                                          [FAULT_RANDOM] = 2},
                    [FAULT_RELAYED] = {[FAULT_ALLOCATION] = 600,
                                       [FAULT_HELPER] = 800,
                                       [FAULT_SOCKET] = 6,
                                       [FAULT_CONNECT] = 3,
                                       [FAULT_POLL] = 90,
                                       [FAULT_SEND] = 60,
                                       [FAULT_RECV] = 60,
                                       [FAULT_EVENTFD] = 2,
                                       [FAULT_THREAD] = 4,
                                       [FAULT_ACCEPT] = 4,
                                       [FAULT_LISTEN] = 40,
                                       [FAULT_SOCKETS] = 30,
                                       [FAULT_SHUTDOWN] = 10,
                                       [FAULT_STATUS] = 10,
                                       [FAULT_RESOLVE] = 5,
                                       [FAULT_RANDOM] = 2}},
    [FAULT_COLD] =
        {[FAULT_INTERPOSED] = {[FAULT_ALLOCATION] = 650,
                               [FAULT_HELPER] = 900,
                               [FAULT_MPROTECT] = 4,
                               [FAULT_FILE] = 6,
                               [FAULT_STATUS] = 14,
                               [FAULT_READ] = 6,
                               [FAULT_LOAD] = 3},
         [FAULT_RELAYED] = {[FAULT_ALLOCATION] = 650,
                            [FAULT_HELPER] = 900,
                            [FAULT_FILE] = 6,
                            [FAULT_STATUS] = 14,
                            [FAULT_READ] = 6,
                            [FAULT_LOAD] = 3}},
};

unsigned fault_case_limit(enum fault_state state, enum fault_transport transport,
                          enum fault_call call)
{
    return limits[state][transport][call];
}

/* SplitMix64. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static unsigned below(uint64_t *state, unsigned limit)
{
    return (unsigned)(next_random(state) % limit);
}

/* The manners that calls of each kind know. */
static enum fault_manner choose_manner(uint64_t *state, enum fault_call call)
{
    static const enum fault_manner any[] = {FAULT_FAIL, FAULT_FAIL, FAULT_FAIL_ON};
    static const enum fault_manner waiting[] = {FAULT_FAIL, FAULT_FAIL_ON, FAULT_INTERRUPT};
    static const enum fault_manner accepting[] = {FAULT_FAIL, FAULT_FAIL_ON, FAULT_INTERRUPT,
                                                  FAULT_AGAIN};
    static const enum fault_manner reading[] = {FAULT_FAIL, FAULT_FAIL_ON, FAULT_INTERRUPT,
                                                FAULT_SHORT};
    static const enum fault_manner carrying[] = {FAULT_FAIL, FAULT_FAIL_ON, FAULT_INTERRUPT,
                                                 FAULT_AGAIN, FAULT_SHORT};
    switch (call) {
    case FAULT_SEND:
    case FAULT_RECV:
        return carrying[below(state, 5)];
    case FAULT_ACCEPT:
        return accepting[below(state, 4)];
    case FAULT_READ:
        return reading[below(state, 4)];
    case FAULT_POLL:
    case FAULT_CONNECT:
    case FAULT_DUP3:
        return waiting[below(state, 3)];
    default:
        return any[below(state, 3)];
    }
}

/* One after another, in an order that the seed decides: as many cases as there are calls fail each
 * of them once. */
static void choose_call(uint64_t seed, unsigned turn, uint64_t *state, struct fault_case *out)
{
    const uint64_t step = 1000003; /* a prime: no number of calls has it as a factor */
    uint64_t total = 0;
    for (size_t i = 0; i < FAULT_STATES * FAULT_TRANSPORTS * FAULT_CALLS; i++)
        total += (&limits[0][0][0])[i];
    uint64_t place = (turn * step + seed % total) % total;
    for (size_t i = 0; i < FAULT_STATES * FAULT_TRANSPORTS * FAULT_CALLS; i++) {
        unsigned limit = (&limits[0][0][0])[i];
        if (place < limit) {
            out->state = (enum fault_state)(i / FAULT_CALLS / FAULT_TRANSPORTS);
            out->transport = (enum fault_transport)(i / FAULT_CALLS % FAULT_TRANSPORTS);
            out->plan = (struct fault_plan){.call = (enum fault_call)(i % FAULT_CALLS),
                                            .nth = (unsigned)place + 1};
            out->plan.manner = choose_manner(state, out->plan.call);
            return;
        }
        place -= limit;
    }
}

static unsigned choose_amount(uint64_t *state, enum peer_action action)
{
    static const unsigned amounts[] = {1, 2, 5, 16, 100, 700};
    return action == PEER_DELAY ? 1 + below(state, 40) : amounts[below(state, 6)];
}

/* Every action at the beginning of every message of both directions, over both transports: in an
 * order that the seed decides, as above. */
static void choose_boundary(uint64_t seed, unsigned turn, uint64_t *state, struct fault_case *out)
{
    const uint64_t step = 1000003, messages = LOGIN_MESSAGES + CANCEL_MESSAGES;
    const uint64_t total = (PEER_REFUSE - 1) * 2 * FAULT_TRANSPORTS * messages;
    uint64_t place = (turn * step + seed % total) % total;
    struct peer_fault *peer = &out->peer;
    peer->action = (enum peer_action)(1 + place % (PEER_REFUSE - 1));
    place /= PEER_REFUSE - 1;
    peer->direction = (enum peer_direction)(place % 2);
    out->transport = (enum fault_transport)(place / 2 % FAULT_TRANSPORTS);
    peer->message = (unsigned)(place / 2 / FAULT_TRANSPORTS);
    peer->connection = peer->message >= LOGIN_MESSAGES;
    if (peer->connection > 0)
        peer->message -= LOGIN_MESSAGES;
    out->cancels |= peer->connection > 0;
    peer->amount = choose_amount(state, peer->action);
    peer->random = next_random(state);
}

static void choose_peer(uint64_t *state, struct fault_case *out)
{
    static const unsigned limits_of_offset[] = {6, 40, 1500, 17000};
    struct peer_fault *peer = &out->peer;
    peer->action = (enum peer_action)(1 + below(state, PEER_ACTIONS - 1));
    /* A stall lasts until a time-out is over; a refusal needs no place. */
    if ((peer->action == PEER_STALL || peer->action == PEER_REFUSE) && below(state, 3) != 0)
        peer->action = (enum peer_action)(1 + below(state, PEER_STALL - 1));
    out->transport = (enum fault_transport)below(state, FAULT_TRANSPORTS);
    peer->connection = out->cancels && below(state, 2) == 0;
    peer->direction = (enum peer_direction)below(state, 2);
    /* Half of them in the negotiation, the handshake and the login. */
    peer->message = below(state, below(state, 2) == 0 ? 10 : LOGIN_MESSAGES);
    if (peer->connection > 0)
        peer->message = below(state, CANCEL_MESSAGES);
    peer->offset = below(state, limits_of_offset[below(state, 4)]);
    peer->amount = choose_amount(state, peer->action);
    peer->random = next_random(state);
}

/* Where nobody may be let in, prefer would let in. */
static void choose_verdict(uint64_t *state, struct fault_case *out)
{
    if (below(state, 6) == 0)
        out->verdict = (enum fault_verdict)(1 + below(state, FAULT_VERDICTS - 1));
    if (out->verdict != FAULT_WELCOME)
        out->has_prefer = false;
}

/* What once was a finding: the first cases of every seed. */
static const struct fault_case known[] = {
    /* The relay did not tell libpq of the end of a cancellation, which waited for it for ever. */
    {.transport = FAULT_RELAYED, .cancels = true, .plan = {FAULT_SHUTDOWN, FAULT_FAIL_ON, 1}},
    /* FreeTDS waited for no descriptor, and for ever, since connect() had failed. */
    {.transport = FAULT_INTERPOSED, .plan = {FAULT_SOCKETS, FAULT_FAIL_ON, 2}},
    /* Its profile gave no error when memory was out. */
    {.transport = FAULT_RELAYED, .plan = {FAULT_ALLOCATION, FAULT_FAIL, 152}}};

void fault_case_make(uint64_t seed, unsigned number, bool has_library, struct fault_case *out)
{
    if (has_library && number < sizeof known / sizeof known[0]) {
        *out = known[number];
        out->number = number;
        return;
    }
    uint64_t state = seed ^ (number + 1) * 0xD6E8FEB86659FD93u;
    *out = (struct fault_case){.number = number};
    out->has_tls12 = below(&state, 3) == 0;
    out->has_scram = below(&state, 4) == 0;
    out->has_prefer = below(&state, 6) == 0;
    out->cancels = below(&state, 6) == 0;
    if (has_library && number % 2 == 1)
        choose_call(seed, number / 2, &state, out);
    else if (number % 4 == 0)
        choose_boundary(seed, number / 4, &state, out);
    else
        choose_peer(&state, out);
    if (number % 4 != 0)
        choose_verdict(&state, out);
}

void fault_case_tell(const struct fault_case *fault, char *out, size_t size)
{
    const struct peer_fault *peer = &fault->peer;
    int used = snprintf(
        out, size, "%s, %s, %s, %s, TLS %s, %s%s: ", fault_transport_names[fault->transport],
        fault_state_names[fault->state], fault->has_prefer ? "prefer" : "verify-full",
        verdict_names[fault->verdict], fault->has_tls12 ? "1.2" : "1.3",
        fault->has_scram ? "scram" : "md5", fault->cancels ? ", cancelled" : "");
    if (used < 0 || (size_t)used >= size)
        return;
    if (fault->plan.manner != FAULT_NONE)
        snprintf(out + used, size - (size_t)used, "%s %u %s", fault_call_names[fault->plan.call],
                 fault->plan.nth, manner_names[fault->plan.manner]);
    else
        snprintf(out + used, size - (size_t)used,
                 "%s (%u) at byte %u of message %u from the %s, connection %u",
                 action_names[peer->action], peer->amount, peer->offset, peer->message,
                 peer->direction == PEER_FROM_CLIENT ? "client" : "server", peer->connection);
}

bool fault_case_is_harmless(const struct fault_case *fault)
{
    if (fault->plan.manner != FAULT_NONE)
        return fault->plan.manner == FAULT_INTERRUPT || fault->plan.manner == FAULT_AGAIN ||
               fault->plan.manner == FAULT_SHORT;
    return fault->peer.action == PEER_NOTHING || fault->peer.action == PEER_DELAY ||
           fault->peer.action == PEER_SPLIT;
}
