"""A signal stops what runs; one that is ignored is left alone; afterwards all is as before."""

import os
import signal
import threading

import pytest

from gitreceive.local.signals import interrupting_signals, stop_signals


@pytest.fixture(autouse=True)
def handlers() -> None:
    before = {number: signal.getsignal(number) for number in (1, 2, 13, 15)}
    yield
    assert {number: signal.getsignal(number) for number in (1, 2, 13, 15)} == before


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_calls_the_action_and_does_not_end_the_program(number: int) -> None:
    called = threading.Semaphore(0)
    with stop_signals(called.release) as stopped:
        os.kill(os.getpid(), number)
        assert called.acquire(timeout=30)
        os.kill(os.getpid(), signal.SIGTERM)
        assert called.acquire(timeout=30)
    assert (stopped.signal, stopped.status) == (number, 128 + number)


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals(lambda: None) as stopped, interrupting_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert stopped.signal == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_signals_can_interrupt_as_ctrl_c_does() -> None:
    with interrupting_signals(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
