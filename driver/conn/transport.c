/* transport.c - one face for relay/ and interpose/, between conn.c and a session. */
#include "conn/transport.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

#include "interpose/interpose.h"

bool transport_open(struct transport *transport, enum odbcssl_transport kind,
                    const struct session_options *options, enum endpoint_kind endpoint,
                    struct error *error)
{
    const struct sockaddr *address;
    socklen_t length;
    if (kind == ODBCSSL_TRANSPORT_INTERPOSED) {
        transport->interposition = interposition_open(
            options, endpoint == ENDPOINT_UNIX ? INTERPOSITION_UNIX : INTERPOSITION_INTERNET,
            error);
        if (transport->interposition == NULL)
            return false;
        transport->record = interposition_record(transport->interposition);
        address = interposition_address(transport->interposition, &length);
    } else {
        transport->relay = relay_open(options, endpoint, error);
        if (transport->relay == NULL)
            return false;
        transport->record = relay_record(transport->relay);
        address = relay_address(transport->relay, &length);
    }
    guard_set(&transport->guard, address, length, transport->interposition);
    transport->kind = kind;
    return true;
}

void transport_close(struct transport *transport)
{
    relay_close(&transport->relay);
    interposition_close(&transport->interposition);
    transport->record = NULL;
    transport->kind = ODBCSSL_TRANSPORT_NONE;
}

struct relay_endpoint transport_endpoint(const struct transport *transport)
{
    struct relay_endpoint endpoint = {0};
    if (transport->kind == ODBCSSL_TRANSPORT_NONE)
        return endpoint;
    if (transport->guard.address.ss_family == AF_UNIX) {
        endpoint.kind = ENDPOINT_UNIX;
        snprintf(endpoint.path, sizeof endpoint.path, "%s",
                 ((const struct sockaddr_un *)&transport->guard.address)->sun_path);
    } else {
        const struct sockaddr_in *internet = (const struct sockaddr_in *)&transport->guard.address;
        endpoint.kind = ENDPOINT_LOOPBACK;
        endpoint.port = ntohs(internet->sin_port);
        inet_ntop(AF_INET, &internet->sin_addr, endpoint.address, sizeof endpoint.address);
    }
    return endpoint;
}

bool transport_is_alive(const struct transport *transport, struct error *error_out)
{
    if (transport->interposition != NULL)
        interposition_look(transport->interposition);
    else
        relay_look(transport->relay);
    return session_record_is_alive(transport->record, error_out);
}
