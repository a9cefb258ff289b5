# proto.mk
