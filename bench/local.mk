# bench
include bench/crl.mk
