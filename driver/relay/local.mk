# driver/relay
