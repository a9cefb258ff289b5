# tls.mk
