<?php
/* pgsql uses libpq beside odbc, which uses odbcssl over psqlodbc over the same libpq. */
$port = getenv('NEIGHBOUR_PORT');
$odbc_string = "DRIVER={TLS PostgreSQL};Servername=localhost;Port=$port;Database=postgres;" .
    "UID=demo;PWD=secret;SslMode=verify-full;SslRootCert=" . getenv('NEIGHBOUR_ROOT');

function fail($text)
{
    echo "$text\n";
    exit(1);
}

function connect($mode)
{
    global $port;
    return pg_connect("host=127.0.0.1 port=$port dbname=postgres user=demo password=secret " .
        "sslmode=$mode", PGSQL_CONNECT_FORCE_NEW) ?: fail("no $mode");
}

function ask($connection)
{
    $value = pg_fetch_result(pg_query($connection, "select repeat('x', 100000)"), 0, 0);
    $value === str_repeat('x', 100000) || fail('pgsql: ' . strlen($value));
}

function ask_odbc($connection)
{
    $result = odbc_exec($connection, "select 6 * 7");
    odbc_fetch_row($result) && odbc_result($result, 1) == 42 || fail('odbc');
}

$before = connect('require');
ask($before);
$odbc = odbc_connect($odbc_string, '', '') ?: fail(odbc_errormsg());
for ($i = 0; $i < 10; $i++) {
    ask_odbc($odbc);
    ask($before);
    $meanwhile = connect($i % 2 ? 'disable' : 'require');
    ask($meanwhile);
    ask_odbc($odbc);
    pg_close($meanwhile);
}
odbc_close($odbc);
ask($before);
ask(connect('disable'));
echo "good\n";
