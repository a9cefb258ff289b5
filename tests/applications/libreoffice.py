# LibreOffice without a window: queries of a data source fill Calc sheets, whose cells are printed. What
# gives no rows, and what fails, goes by LibreOffice's database interface.
import os
import signal
import subprocess
import sys
import time

import uno
from canonical import LARGE, print_error, print_row, statements
from com.sun.star.beans import PropertyValue
from com.sun.star.connection import NoConnectException
from com.sun.star.sdbc import SQLException
from com.sun.star.sheet.DataImportMode import QUERY
from com.sun.star.table.CellContentType import EMPTY

path, source, user, password = sys.argv[1:]
HOME = os.environ["HOME"]
PIPE = f"odbcssl-{os.getpid()}"


def context_of(office):
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while office.poll() is None:
        try:
            return resolver.resolve(f"uno:pipe,name={PIPE};urp;StarOffice.ComponentContext")
        except NoConnectException:
            time.sleep(0.1)
    sys.exit("soffice ended")


def register(context, name, queries):
    """The file that LibreOffice keeps a data source in, with queries that it sends as they are."""
    databases = context.ServiceManager.createInstanceWithContext("com.sun.star.sdb.DatabaseContext", context)
    database = databases.createInstance()
    database.URL = f"sdbc:odbc:{name}"
    database.User = user
    database.Password = password
    database.IsPasswordRequired = False
    for query_name, sql in queries:
        query = database.QueryDefinitions.createInstance()
        query.Command = sql
        query.EscapeProcessing = False
        database.QueryDefinitions.insertByName(query_name, query)
    url = f"file://{HOME}/{name}.odb"
    database.DatabaseDocument.storeAsURL(url, ())
    return database, url


def fill(desktop, url, name):
    book = desktop.loadComponentFromURL("private:factory/scalc", "_blank", 0, (PropertyValue("Hidden", 0, True, 0),))
    sheet = book.Sheets.getByIndex(0)
    sheet.getCellRangeByName("A1").doImport(
        (PropertyValue("DatabaseName", 0, url, 0), PropertyValue("SourceType", 0, QUERY, 0),
         PropertyValue("SourceObject", 0, name, 0)))
    cursor = sheet.createCursor()
    cursor.gotoEndOfUsedArea(False)
    used = cursor.RangeAddress
    for row in range(1, used.EndRow + 1):
        cells = [sheet.getCellByPosition(column, row) for column in range(used.EndColumn + 1)]
        print_row(name, [None if cell.Type == EMPTY else cell.String for cell in cells])
    book.close(True)


def run(context):
    desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
    database, url = register(context, source, statements(path))
    connection = database.getConnection(user, password)
    for name, sql in statements(path):
        try:
            if sql.startswith("select") and name != "error":
                fill(desktop, url, name)
                continue
            statement = connection.prepareStatement(sql)
            for position in range(sql.count("?")):
                statement.setString(position + 1, LARGE)
            statement.execute()
        except SQLException as error:
            print_error(name, f"{error.SQLState} {error.Message}")
    connection.close()
    try:
        register(context, source + "-revoked", [])[0].getConnection(user, password)
    except SQLException as error:
        print_error("revoked", f"{error.SQLState} {error.Message}")
    return desktop


signal.signal(signal.SIGTERM, lambda *_: sys.exit("it took too long"))
office = subprocess.Popen(
    ["soffice", "--headless", "--norestore", "--nologo", "--nodefault", f"--accept=pipe,name={PIPE};urp;",
     f"-env:UserInstallation=file://{HOME}/libreoffice"], start_new_session=True)
try:
    desktop = run(context_of(office))
    desktop.terminate()
    office.wait(20)
finally:
    if office.poll() is None:
        os.killpg(office.pid, signal.SIGKILL)
