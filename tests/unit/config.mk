# config.mk
