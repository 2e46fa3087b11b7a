use strict;
use Cwd;
use IO::Socket::INET;

my $door = IO::Socket::INET->new(LocalPort => $ENV{PORT}, Listen => 5, ReuseAddr => 1) or die "cannot listen: $!";
while (my $visitor = $door->accept) {
    my $request;
    sysread $visitor, $request, 4096;
    print $visitor "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello from perl in ", getcwd();
    close $visitor;
}
