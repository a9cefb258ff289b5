# dispatch.mk
