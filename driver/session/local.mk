# One session's engine, and dialling. Depends on base, tls, proto.
noinst_LTLIBRARIES += driver/session/libsession.la
driver_session_libsession_la_SOURCES =
driver_session_libsession_la_SOURCES += driver/session/browser.c driver/session/browser.h
driver_session_libsession_la_SOURCES += driver/session/dial.c driver/session/dial.h
driver_session_libsession_la_SOURCES += driver/session/network.h
driver_session_libsession_la_SOURCES += driver/session/record.h
driver_session_libsession_la_SOURCES += driver/session/session.h
