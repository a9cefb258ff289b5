# Perl's DBD::ODBC. Text is UTF-8 in it, as Debian builds it.
use strict;
use warnings;
use DBI;
use Digest::MD5 qw(md5_hex);
use Encode qw(decode_utf8);

my ($path, $source, $user, $password) = @ARGV;
my $large = 'aé€z' x 150000;

sub shown {
    my ($value) = @_;
    return 'NULL' unless defined $value;
    return $value if length $value <= 1000;
    return length(decode_utf8($value)) . ' characters, ' . md5_hex($value);
}

sub print_error {
    my ($name) = @_;
    my $message = $DBI::errstr =~ s/\s+/ /gr;
    print "$name: failed: $message\n";
}

sub connect_to {
    # '::' in PostgreSQL's casts would be taken for the name of a parameter.
    return DBI->connect("dbi:ODBC:$_[0]", $user, $password, {PrintError => 0,
            LongReadLen => 4_000_000, odbc_ignore_named_placeholders => 1});
}

my $connection = connect_to($source) or die $DBI::errstr;
open my $file, '<', $path or die $!;
while (my $line = <$file>) {
    chomp $line;
    my ($name, $sql) = split /: /, $line, 2;
    my $statement = $connection->prepare($sql);
    if (!$statement || !$statement->execute(($large) x ($sql =~ tr/?//))) {
        print_error($name);
        next;
    }
    while ($statement->{NUM_OF_FIELDS} && (my @row = $statement->fetchrow_array)) {
        print "$name: ", join('|', map { shown($_) } @row), "\n";
    }
}
$connection->disconnect;
connect_to("$source-revoked") or print_error('revoked');
