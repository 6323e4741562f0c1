"""Ways told apart by remote address and port."""

from tests.natlab.addresses import SERVER_4, SERVER_6
from tests.natlab.counting import Flow
from tests.natlab.way import received, sent

HOME = "11.0.1.2"
FLOWS = [
    Flow(HOME, "udp", 5000, received=900, sent=10),
    Flow(SERVER_4.turn, "udp", 3478, received=30),
    Flow(SERVER_4.turn, "tcp", 443, received=20),
    Flow(SERVER_6.web, "udp", 3480, received=25),
    Flow(SERVER_4.web, "tcp", 3480, received=15),
    Flow(SERVER_4.web, "tcp", 443, received=10, sent=5),
    Flow("192.0.2.1", "udp", 9, sent=1),
]


def test_bytes_are_named_by_their_way() -> None:
    leg = received(FLOWS, {HOME})
    assert leg.bytes == {
        "direct": 900,
        "turn udp": 30,
        "turn tcp": 20,
        "relay udp": 25,
        "relay tcp": 15,
        "https": 10,
    }
    assert (leg.share("direct"), leg.amount("turn"), leg.share_of("relay")) == (0.9, 50, 0.04)
    assert sent(FLOWS, {HOME}).bytes == {"direct": 10, "https": 5, "elsewhere udp": 1}


def test_nothing_has_no_way() -> None:
    assert str(received([], {HOME})) == "nothing"
    assert received([], {HOME}).share("direct") == 0
