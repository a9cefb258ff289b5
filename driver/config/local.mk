# driver/config
