<?php
// PHP's functions odbc_*.
require __DIR__ . '/canonical.php';
[, $path, $source, $user, $password] = $argv;

$connection = odbc_connect($source, $user, $password);
foreach (statements($path) as [$name, $sql]) {
    $statement = odbc_prepare($connection, $sql);
    if (!$statement || !@odbc_execute($statement, array_fill(0, substr_count($sql, '?'), $large))) {
        print_error($name, odbc_error($connection) . ' ' . odbc_errormsg($connection));
        continue;
    }
    odbc_longreadlen($statement, 4000000);
    while (odbc_num_fields($statement) > 0 && ($row = odbc_fetch_array($statement))) {
        print_row($name, $row);
    }
}
odbc_close($connection);
if (!@odbc_connect("$source-revoked", $user, $password)) {
    print_error('revoked', odbc_error() . ' ' . odbc_errormsg());
}
