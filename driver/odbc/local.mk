# driver/odbc
