# One session's engine, and dialling. Depends on base, tls, proto.
noinst_LTLIBRARIES += driver/session/libsession.la
driver_session_libsession_la_SOURCES =
driver_session_libsession_la_SOURCES += driver/session/browser.c driver/session/browser.h
driver_session_libsession_la_SOURCES += driver/session/dial.c driver/session/dial.h
driver_session_libsession_la_SOURCES += driver/session/network.h
driver_session_libsession_la_SOURCES += driver/session/record.h
driver_session_libsession_la_SOURCES += driver/session/session.h
driver_session_libsession_la_SOURCES += driver/session/network.c
driver_session_libsession_la_SOURCES += driver/session/record.c driver/session/record_internal.h
driver_session_libsession_la_SOURCES += driver/session/session.c driver/session/session_internal.h
driver_session_libsession_la_SOURCES += driver/session/side.c driver/session/side.h
driver_session_libsession_la_SOURCES += driver/session/verdict.c
driver_session_libsession_la_SOURCES += driver/session/probe.c driver/session/probe.h
driver_session_libsession_la_SOURCES += driver/session/flow.c driver/session/ports.c
