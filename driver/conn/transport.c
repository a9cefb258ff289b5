/* transport.c - one face for relay/ and interpose/, between attempt.c and conn.c and a session. */
#include "conn/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "interpose/interpose.h"

/* The guard of a relay's real driver lets it go to the relay's endpoint, and nowhere else either.
 */
static void guard_relay(struct transport *transport)
{
    struct relay_endpoint endpoint;
    relay_get_endpoint(transport->relay, &endpoint);
    if (endpoint.kind == ENDPOINT_UNIX) {
        struct sockaddr_un path = {.sun_family = AF_UNIX};
        snprintf(path.sun_path, sizeof path.sun_path, "%s", endpoint.path);
        guard_set(&transport->guard, (const struct sockaddr *)&path, sizeof path, NULL);
    } else {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(endpoint.port)};
        inet_pton(AF_INET, endpoint.address, &address.sin_addr);
        guard_set(&transport->guard, (const struct sockaddr *)&address, sizeof address, NULL);
    }
}

bool transport_open(struct transport *transport, enum odbcssl_transport kind,
                    const struct relay_options *options, struct error *error)
{
    socklen_t length;
    if (kind == ODBCSSL_TRANSPORT_INTERPOSED) {
        transport->interposition = interposition_open(
            &options->session,
            options->endpoint == ENDPOINT_UNIX ? INTERPOSITION_UNIX : INTERPOSITION_INTERNET,
            error);
        if (transport->interposition == NULL)
            return false;
        const struct sockaddr *address = interposition_address(transport->interposition, &length);
        guard_set(&transport->guard, address, length, transport->interposition);
    } else {
        transport->relay = relay_open(options, error);
        if (transport->relay == NULL)
            return false;
        guard_relay(transport);
    }
    transport->kind = kind;
    return true;
}

void transport_close(struct transport *transport)
{
    relay_close(&transport->relay);
    interposition_close(&transport->interposition);
    transport->kind = ODBCSSL_TRANSPORT_NONE;
}

struct relay_endpoint transport_endpoint(const struct transport *transport)
{
    struct relay_endpoint endpoint = {0};
    socklen_t length;
    if (transport->relay != NULL)
        relay_get_endpoint(transport->relay, &endpoint);
    if (transport->interposition == NULL)
        return endpoint;
    const struct sockaddr *address = interposition_address(transport->interposition, &length);
    if (address->sa_family == AF_UNIX) {
        endpoint.kind = ENDPOINT_UNIX;
        snprintf(endpoint.path, sizeof endpoint.path, "%s",
                 ((const struct sockaddr_un *)address)->sun_path);
    } else {
        const struct sockaddr_in *internet = (const struct sockaddr_in *)address;
        endpoint.kind = ENDPOINT_LOOPBACK;
        endpoint.port = ntohs(internet->sin_port);
        inet_ntop(AF_INET, &internet->sin_addr, endpoint.address, sizeof endpoint.address);
    }
    return endpoint;
}

enum session_outcome transport_outcome(const struct transport *transport,
                                       struct tls_report *report_out,
                                       struct error_list *warnings_out, struct error *error_out)
{
    if (transport->interposition != NULL)
        return session_record_outcome(interposition_record(transport->interposition), report_out,
                                      warnings_out, error_out);
    return relay_get_outcome(transport->relay, report_out, warnings_out, error_out);
}

unsigned transport_session_number(const struct transport *transport)
{
    if (transport->interposition != NULL)
        return session_record_number(interposition_record(transport->interposition));
    return transport->relay != NULL ? relay_session_number(transport->relay) : 0;
}

bool transport_is_alive(const struct transport *transport, struct error *error_out)
{
    if (transport->interposition == NULL)
        return relay_is_alive(transport->relay, error_out);
    interposition_look(transport->interposition);
    return session_record_is_alive(interposition_record(transport->interposition), error_out);
}
