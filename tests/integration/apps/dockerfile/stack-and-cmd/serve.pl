use strict;
use IO::Socket::INET;

open my $page, '<', 'index.html' or die "index.html: $!";
my $text = <$page>;
my $door = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die "cannot listen: $!";
while (my $visitor = $door->accept) {
    sysread $visitor, my $request, 4096;
    print $visitor "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\n$text";
    close $visitor;
}
