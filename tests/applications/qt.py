# Qt's SQL module with its ODBC driver, from Python.
import sys

from canonical import LARGE, print_error, print_row, statements
from PyQt5.QtCore import QCoreApplication, QDate, QDateTime, QTime, Qt
from PyQt5.QtSql import QSqlDatabase, QSqlQuery

path, source, user, password = sys.argv[1:]
application = QCoreApplication(sys.argv)


def value_of(query, column):
    if query.isNull(column):
        return None
    value = query.value(column)
    return value.toString(Qt.ISODateWithMs) if isinstance(value, (QDate, QTime, QDateTime)) else value


def open_database(name):
    database = QSqlDatabase.addDatabase("QODBC", name)
    database.setDatabaseName(name)
    database.setUserName(user)
    database.setPassword(password)
    database.open()
    return database


database = open_database(source)
for name, sql in statements(path):
    query = QSqlQuery(database)
    query.setForwardOnly(True)
    query.prepare(sql)
    for position in range(sql.count("?")):
        query.bindValue(position, LARGE)
    if not query.exec_():
        print_error(name, query.lastError().text())
    while query.next():
        print_row(name, [value_of(query, column) for column in range(query.record().count())])
    query.finish()
database.close()
revoked = open_database(source + "-revoked")
if not revoked.isOpen():
    print_error("revoked", revoked.lastError().text())
