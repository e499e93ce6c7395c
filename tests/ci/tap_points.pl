# What prove's own parser reads in TAP from its input, as JSON: the points, and what is wrong with the stream.
use strict;
use warnings;
use JSON::PP;
use TAP::Parser;

my $tap = do { local $/; <STDIN> };
my $parser = TAP::Parser->new({ tap => $tap });
my @points;
while (my $result = $parser->next) {
    if ($result->is_test) {
        push @points, {
            name => $result->description =~ s/^- //r,
            ok => $result->is_actual_ok ? 1 : 0,
            counts_as_ok => $result->is_ok ? 1 : 0,
            directive => $result->directive,
            reason => $result->explanation,
        };
    } elsif ($result->is_yaml && $result->raw =~ /^  ---/) { # a subtest's are further in
        $points[-1]{yaml} = $result->data;
    }
}
print JSON::PP->new->latin1->encode(
    { points => \@points, errors => [$parser->parse_errors], plan => $parser->plan });
