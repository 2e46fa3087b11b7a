"""Where there is no router, an app is reached on the ports of its instances."""

from gitreceive.adapters.ports.router import PublishedPorts
from gitreceive.model.app import AppName
from gitreceive.model.route import Endpoint, Route

HELLO, OTHER = AppName('hello'), AppName('other')


def web(number: int, port: int) -> Endpoint:
    return Endpoint(instance=f'web.{number}', release=1, address='127.0.0.1', port=port)


def test_the_addresses_are_those_of_the_instances() -> None:
    router = PublishedPorts()
    router.begin([Route(app=HELLO, endpoints=(web(1, 41000),)), Route(app=OTHER)])
    assert router.urls(Route(app=HELLO)) == ['http://127.0.0.1:41000']
    router.apply(Route(app=HELLO, endpoints=(web(1, 42000), web(2, 42001))))
    assert router.urls(Route(app=HELLO)) == ['http://127.0.0.1:42000', 'http://127.0.0.1:42001']
    assert router.urls(Route(app=OTHER)) == []


def test_a_route_with_endpoints_says_it_itself() -> None:
    assert PublishedPorts().urls(Route(app=HELLO, endpoints=(web(1, 43000),))) == ['http://127.0.0.1:43000']


def test_a_removed_app_has_no_address() -> None:
    router = PublishedPorts()
    router.apply(Route(app=HELLO, endpoints=(web(1, 41000),)))
    router.remove(HELLO)
    router.remove(HELLO)
    assert router.urls(Route(app=HELLO)) == []


def test_a_router_that_there_was_before_is_stopped() -> None:
    stopped: list[str] = []
    router = PublishedPorts(lambda: stopped.append('it'))
    router.begin([])
    router.stop()
    assert stopped == ['it', 'it']


def test_nothing_of_it_is_a_process() -> None:
    router = PublishedPorts()
    with router.supervised():
        router.refresh()
        assert not router.busy(HELLO, web(1, 41000))
    router.stop()
