# The local endpoint, the server's socket, and the thread that carries bytes between them.
noinst_LTLIBRARIES += driver/relay/librelay.la
driver_relay_librelay_la_SOURCES =
driver_relay_librelay_la_SOURCES += driver/relay/endpoint.c
driver_relay_librelay_la_SOURCES += driver/relay/endpoint.h
driver_relay_librelay_la_SOURCES += driver/relay/relay.c
driver_relay_librelay_la_SOURCES += driver/relay/relay.h
driver_relay_librelay_la_SOURCES += driver/relay/thread.c
driver_relay_librelay_la_SOURCES += driver/relay/thread.h
driver_relay_librelay_la_SOURCES += driver/relay/carrier.c driver/relay/carrier.h
driver_relay_librelay_la_SOURCES += driver/relay/origin.c driver/relay/origin.h
