# driver/conn
