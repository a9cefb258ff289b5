"""psycopg2 uses libpq beside pyodbc, which uses odbcssl over psqlodbc over the same libpq."""
import os
import threading

import psycopg2
import pyodbc

PORT = os.environ["NEIGHBOUR_PORT"]
ODBC = (
    "DRIVER={TLS PostgreSQL};Servername=localhost;Port=%s;Database=postgres;UID=demo;PWD=secret;"
    "SslMode=verify-full;SslRootCert=%s" % (PORT, os.environ["NEIGHBOUR_ROOT"])
)


def connect(mode):
    connection = psycopg2.connect(
        host="127.0.0.1", port=PORT, dbname="postgres", user="demo", password="secret", sslmode=mode
    )
    connection.autocommit = True
    return connection


def ask(connection, size):
    cursor = connection.cursor()
    cursor.execute("select repeat('x', %d), generate_series(1, 5)" % size)
    rows = cursor.fetchall()
    assert len(rows) == 5 and rows[4][0] == "x" * size and rows[4][1] == 5, rows
    cursor.close()


def neighbour(mode, count):
    for _ in range(count):
        connection = connect(mode)
        ask(connection, 1000)
        connection.close()


before = [connect("disable"), connect("require")]
for connection in before:
    ask(connection, 10)
odbc = pyodbc.connect(ODBC, autocommit=True)
for connection in [odbc, *before, connect("disable"), connect("require"), odbc]:
    ask(connection, 100000)
threads = [threading.Thread(target=neighbour, args=(mode, 15)) for mode in ("disable", "require")]
for thread in threads:
    thread.start()
for _ in range(100):
    ask(odbc, 1000)
for thread in threads:
    thread.join()
odbc.close()
for connection in [*before, connect("require")]:
    ask(connection, 100)
    connection.close()
print("good")
