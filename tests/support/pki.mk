# pki.mk
