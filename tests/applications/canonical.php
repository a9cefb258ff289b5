<?php
// What the two applications in PHP share: the statements, and how results are printed.
$large = str_repeat('aé€z', 150000);

function statements($path)
{
    return array_map(fn($line) => explode(': ', $line, 2), file($path, FILE_IGNORE_NEW_LINES));
}

function shown($value)
{
    if ($value === null) {
        return 'NULL';
    }
    return strlen($value) <= 1000 ? $value
        : preg_match_all('/./su', $value) . ' characters, ' . md5($value);
}

function print_row($name, $values)
{
    echo "$name: ", implode('|', array_map('shown', $values)), "\n";
}

function print_error($name, $error)
{
    echo "$name: failed: ", trim(preg_replace('/\s+/', ' ', $error)), "\n";
}
