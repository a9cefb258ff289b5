# driver/tls
