# relay.mk
