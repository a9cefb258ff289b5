#!/bin/sh
# isql and iusql: isql.sh PROGRAM STATEMENTS DATA-SOURCE USER PASSWORD. They have no parameters, and print
# NULL as nothing. A row with the statement's name goes before what each statement prints.
program=$1 path=$2 source=$3 user=$4 password=$5
{
    sed -e "s/(?)/('aé€z')/" -e "s/^\([a-z]*\): \(.*\)/select '= \1'\n\2/" "$path" |
        "$program" -b -v "-d|" "$source" "$user" "$password" 2>&1
    echo '= revoked'
    echo 'select 1' | "$program" -b -v "$source-revoked" "$user" "$password" 2>&1
} | awk '
    function end() { if (message != "") print name ": failed:" message; message = "" }
    /^= / { end(); name = substr($0, 3); next }
    /ERROR/ || name == "revoked" || message != "" { if ($0 != "") message = message " " $0; next }
    { print name ": " $0 }
    END { end() }'
