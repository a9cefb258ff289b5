# pyodbc.
import sys

import pyodbc
from canonical import LARGE, print_error, print_row, statements

path, source, user, password = sys.argv[1:]
connection = pyodbc.connect(f"DSN={source};UID={user};PWD={password}", autocommit=True)
for name, sql in statements(path):
    try:
        cursor = connection.execute(sql, *[LARGE] * sql.count("?"))
        for row in cursor if cursor.description else []:
            print_row(name, row)
    except pyodbc.Error as error:
        print_error(name, error)
connection.close()
try:
    pyodbc.connect(f"DSN={source}-revoked;UID={user};PWD={password}")
except pyodbc.Error as error:
    print_error("revoked", error)
