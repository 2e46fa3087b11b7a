"""What a client asks git to do: a look at the beginning of its stream, before git has it (gitprotocol-pack(5)). Pure."""

from gitreceive.sshd.pktline import FLUSH, HEAD, Malformed, Splitter

MAX_REFS = 100_000

MAX_KEPT = 4 << 20
"""Bytes of commands that are kept, for a push that is to succeed for all refs or for none."""

MAX_OPTIONS, MAX_OPTION_BYTES = 100, 16384
"""Push options are variables of the hooks' environment: execve(2) fails for too many of them."""


class CommandList:
    """The commands, up to their flush-pkt, and the push options behind them. ``refusal`` is why git must not see more."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._kept = 0
        self._options = self._option_bytes = 0
        self.updates: list[bytes] = []
        self.capabilities: frozenset[bytes] = frozenset()
        self.count = 0
        self.whole = self.malformed = False
        self.refusal = ''

    def take(self, data: bytes) -> bool:
        """The client's next bytes; False when no more are wanted. What is no command list is left to git to refuse."""
        try:
            wanted = all(map(self._wants_more_after, self._splitter.split(data)))
        except Malformed:
            self.malformed, wanted = True, False
        if not wanted:
            self._splitter = Splitter()  # with it goes what came behind the list
        return wanted

    @property
    def empty(self) -> bool:
        """Whether the client has said that it has nothing to push."""
        return self.whole and not self.count and not self.malformed

    @property
    def sideband(self) -> bool:
        """Whether git's answer comes in bands."""
        return b'side-band-64k' in self.capabilities

    @property
    def atomic(self) -> bool:
        """Whether all refs are to move or none."""
        return b'atomic' in self.capabilities

    @property
    def reports(self) -> bool:
        """Whether the client wants to be told of each ref."""
        return bool(self.capabilities & {b'report-status', b'report-status-v2'})

    def _wants_more_after(self, line: bytes) -> bool:
        if line == FLUSH:
            ended, self.whole = self.whole or b'push-options' not in self.capabilities, True
            return not ended
        if self.whole:
            self._take_option(line[HEAD:])
        else:
            self._take_command(line[HEAD:])
        return not self.refusal

    def _take_command(self, payload: bytes) -> None:
        command, told, capabilities = payload.partition(b'\0')
        if told:
            self.capabilities = frozenset(capabilities.split())
        self.count += 1
        if self.count > MAX_REFS:
            self.refusal = f'too many refs: at most {MAX_REFS:,} are taken in one push; push them in parts'
        self._kept += len(command)
        if self.atomic and self._kept <= MAX_KEPT:
            self.updates.append(command.removesuffix(b'\n'))

    def _take_option(self, option: bytes) -> None:
        self._options += 1
        self._option_bytes += len(option)
        if self._options > MAX_OPTIONS or self._option_bytes > MAX_OPTION_BYTES:
            self.refusal = (
                f'too many push options: at most {MAX_OPTIONS} of {MAX_OPTION_BYTES} bytes in all are taken'
            )
