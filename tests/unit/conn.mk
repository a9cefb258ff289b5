# conn.mk
