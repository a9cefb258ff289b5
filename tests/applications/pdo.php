<?php
// PHP's PDO_ODBC.
require __DIR__ . '/canonical.php';
[, $path, $source, $user, $password] = $argv;

$connection = new PDO("odbc:$source", $user, $password);
foreach (statements($path) as [$name, $sql]) {
    try {
        $statement = $connection->prepare($sql);
        $statement->execute(array_fill(0, substr_count($sql, '?'), $large));
        while ($statement->columnCount() > 0 && ($row = $statement->fetch(PDO::FETCH_NUM))) {
            print_row($name, $row);
        }
    } catch (PDOException $error) {
        print_error($name, $error->getMessage());
    }
}
$statement = $connection = null;
try {
    new PDO("odbc:$source-revoked", $user, $password);
} catch (PDOException $error) {
    print_error('revoked', $error->getMessage());
}
