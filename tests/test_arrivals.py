"""How much of a request has arrived, and how long the rest is waited for."""

import pytest

from gallery.serving.arrivals import Arrival, Pace

MOST = 1_000_000
GET = b"GET / HTTP/1.1\r\nHost: gallery.example\r\n\r\n"


def post(*fields: str) -> bytes:
    return "\r\n".join(["POST /api/images HTTP/1.1", "Host: g", *fields, "", ""]).encode()


def arrival_of(*pieces: bytes) -> Arrival:
    arrival = Arrival(0, most_body_bytes=MOST)
    for piece in pieces:
        arrival.add(piece, 0)
    return arrival


class TestReady:
    """When somebody should look at a request."""

    def test_head_without_a_body_is_whole(self) -> None:
        """Most requests have none."""
        arrival = arrival_of(GET)

        assert arrival.is_ready
        assert arrival.is_whole

    @pytest.mark.parametrize("cut", range(len(GET)))
    def test_head_may_come_in_two_pieces(self, cut: int) -> None:
        """Wherever it is cut, it is ready with the last byte and not before."""
        arrival = arrival_of(GET[:cut], GET[cut:-1])

        assert not arrival.is_ready
        arrival.add(GET[-1:], 0)
        assert arrival.is_whole

    def test_empty_line_before_the_request_is_no_head(self) -> None:
        """Some clients send one after the request before."""
        assert not arrival_of(b"\r\nGET / HTTP/1.1\r\n").is_ready

    @pytest.mark.parametrize("name", ["Content-Length", "content-length", "CONTENT-LENGTH"])
    def test_short_body_is_waited_for(self, name: str) -> None:
        """A form is given to a thread when all of it is there."""
        arrival = arrival_of(post(f"{name}: 10"), b"123456789")

        assert not arrival.is_ready
        arrival.add(b"0", 0)
        assert arrival.is_whole

    def test_long_body_shows_first_that_it_comes(self) -> None:
        """Of an upload 64 KiB are waited for, not more."""
        arrival = arrival_of(post("Content-Length: 900000"), b"x" * 65_535)

        assert not arrival.is_ready
        arrival.add(b"x", 0)
        assert arrival.is_ready
        assert not arrival.is_whole

    def test_body_that_is_too_long_need_not_come(self) -> None:
        """What is refused for its length is refused at once."""
        assert arrival_of(post(f"Content-Length: {MOST + 1}")).is_ready
        assert not arrival_of(post(f"Content-Length: {MOST}")).is_ready

    @pytest.mark.parametrize("digits", ["0" * 20 + "100", "9" * 19, "9" * 5000])
    def test_length_of_many_digits_is_one(self, digits: str) -> None:
        """It announces a body, which the head must not be taken for."""
        assert not arrival_of(post(f"Content-Length: {digits}")).is_whole

    def test_who_asks_first_is_answered_first(self) -> None:
        """With `Expect: 100-continue` the body comes only after an answer."""
        arrival = arrival_of(post("Content-Length: 100", "Expect: 100-continue"))

        assert arrival.is_ready
        assert not arrival.is_whole

    def test_chunks_are_ready_with_the_last_one(self) -> None:
        """They don't say how many they are, and are never known to be whole."""
        arrival = arrival_of(post("Transfer-Encoding: chunked"), b"5\r\nhello\r\n")

        assert not arrival.is_ready
        arrival.add(b"0\r\n\r\n", 0)
        assert arrival.is_ready
        assert not arrival.is_whole

    def test_head_without_an_end_is_noticed(self) -> None:
        """Nobody keeps the memory busy with it."""
        arrival = arrival_of(b"GET / HTTP/1.1\r\nX: ", b"x" * 65_536)

        assert arrival.has_endless_head
        assert not arrival.is_ready


class TestDeadlines:
    """How long a sender has. Instants are seconds."""

    def test_head_has_ten_seconds_however_it_drips(self) -> None:
        """A byte now and then doesn't move the deadline."""
        arrival = Arrival(100, most_body_bytes=MOST)

        for second in range(9):
            arrival.add(b"G", 100 + second)

        assert arrival.deadline == 110

    def test_body_has_ten_seconds_for_each_ten_kilobytes(self) -> None:
        """The deadline moves on when they are there, not with each byte."""
        arrival = Arrival(100, most_body_bytes=MOST)
        arrival.add(post("Content-Length: 50000"), 105)
        assert arrival.deadline == 115

        arrival.add(b"x" * 9_999, 112)
        assert arrival.deadline == 115
        arrival.add(b"x", 113)
        assert arrival.deadline == 123

    def test_waiting_for_a_place_has_a_deadline_of_its_own(self) -> None:
        """From then on the sender is not what is waited for."""
        arrival = arrival_of(post("Content-Length: 900000"), b"x" * 70_000)

        arrival.wait_for_place(until=3)

        assert arrival.deadline == 3

    def test_fifty_megabytes_over_a_telephone_line_pass(self) -> None:
        """At 50 kB a second that takes seventeen minutes, with a tunnel of eight seconds."""
        pace, now = Pace(0), 0.0

        for second in range(1_000):
            now += 9 if second == 500 else 1
            assert now <= pace.deadline
            pace.add(50_000, now)

    def test_one_byte_a_second_does_not(self) -> None:
        """Ten seconds are enough to see that it is none."""
        pace = Pace(0)

        for second in range(1, 11):
            pace.add(1, second)

        assert pace.deadline == 10
