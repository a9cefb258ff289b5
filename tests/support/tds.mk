# tds.mk
