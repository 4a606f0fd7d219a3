"""The events of a round: what changes is told as it changes, to so many at once."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import pytest

from gallery.views.lingering import MOST_LINGERING
from tests.conftest import Person
from tests.views.asking import MOONLIGHT, Painter, eventually, generate, round_places, set_round
from tests.views.listening import EVENTS, Listener, listening
from tests.views.saving import save_round_image, show_to
from tests.views.test_problems import problem

pytestmark = pytest.mark.usefixtures("goodbye")


@pytest.fixture
def fox(alice: Person) -> dict:
    """The fox's picture in the first round of alice's game."""
    return save_round_image(alice)


@pytest.fixture
def listener(visitor: Person, fox: dict) -> Iterator[Listener]:
    """A visitor who listens to the round, and has heard of the fox."""
    with listening(visitor) as listener:
        assert listener.next().content["player_id"] == "fox"
        yield listener


def test_stream_is_one_that_browsers_read(listener: Listener) -> None:
    """It has the type of server-sent events, and nobody on the way keeps or gathers it."""
    headers = listener.answer.headers

    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in headers


def test_first_events_tell_what_is_there(visitor: Person, alice: Person) -> None:
    """A listener hears of each place, as the round's images have it, under the round's ETag."""
    for player in ("fox", "owl"):
        save_round_image(alice, player=player)
    answer = visitor.get("/api/games/TEA/rounds/1/images")

    with listening(visitor) as listener:
        events = [listener.next() for _ in range(2)]

    assert [event.name for event in events] == ["image", "image"]
    assert [event.content for event in events] == answer.json()["images"]
    assert {event.id for event in events} == {answer.headers["ETag"].strip('"')}


def test_browser_is_told_when_to_come_back(listener: Listener) -> None:
    """The stream begins with the pause after which a browser connects again."""
    assert listener.heard[:2] == ["retry: 2000", ""]


def test_picture_that_arrives_is_told(listener: Listener, alice: Person) -> None:
    """A picture that is saved while somebody listens is told, and no other again."""
    saving = threading.Thread(target=save_round_image, args=(alice,), kwargs={"player": "owl"})
    saving.start()

    event = listener.next()

    saving.join()
    assert (event.name, event.content["player_id"]) == ("image", "owl")
    assert event.content["status"] == "ready"


def test_player_is_told_pending_and_then_ready(
    listener: Listener, alice: Person, painter: Painter
) -> None:
    """A picture that is drawn is told twice: that it is to come, and that it is there."""
    painter.may_finish.clear()
    generate(alice, "owl", sentence="The owl thinks.")
    first = listener.next()
    painter.may_finish.set()

    second = listener.next()

    told = [(each.content["player_id"], each.content["status"]) for each in (first, second)]
    assert told == [("owl", "pending"), ("owl", "ready")]


def test_replaced_picture_is_told(listener: Listener, alice: Person, fox: dict) -> None:
    """A place that holds another picture now is one that changed."""
    save_round_image(alice, completed_sentence=MOONLIGHT)

    event = listener.next()

    assert event.content["id"] == fox["id"]
    assert event.content["completed_sentence"] == MOONLIGHT


def test_deleted_picture_is_told(listener: Listener, alice: Person, fox: dict) -> None:
    """A place that is gone is told of by its player."""
    alice.delete(f"/api/images/{fox['id']}")

    event = listener.next()
    assert (event.name, event.content) == ("removed", {"player_id": "fox"})


def test_who_comes_back_hears_nothing_old(visitor: Person, alice: Person, fox: dict) -> None:
    """After the id of the last event, the next is one that happened since."""
    with listening(visitor) as listener:
        last = listener.next().id

    with listening(visitor, last=last) as listener:
        quiet = listener.until_it_breathes()
        save_round_image(alice, player="owl")
        event = listener.next()

    assert quiet == ["retry: 2000", "", ": still here"]
    assert event.content["player_id"] == "owl"


def test_who_comes_back_late_hears_what_was_missed(
    visitor: Person, alice: Person, fox: dict
) -> None:
    """What happened while nobody listened is told first."""
    with listening(visitor) as listener:
        last = listener.next().id
    save_round_image(alice, player="owl")

    with listening(visitor, last=last) as listener:
        told = {listener.next().content["player_id"] for _ in range(2)}

    assert "owl" in told


class TestHidden:
    """A round that is hidden until its reveal."""

    @pytest.fixture
    def hidden(self, alice: Person, fox: dict) -> dict:
        set_round(alice, hidden=True)
        return fox

    @pytest.mark.usefixtures("hidden")
    def test_listener_hears_that_something_is_there_and_nothing_else(
        self,
        visitor: Person,
    ) -> None:
        """A closed frame tells its status alone."""
        with listening(visitor) as listener:
            event = listener.next()

        assert event.name == "image"
        assert event.content.pop("status") == "hidden"
        assert set(event.content.values()) == {None}

    @pytest.mark.usefixtures("hidden")
    def test_owner_hears_all(self, alice: Person) -> None:
        """The host sees the pictures come."""
        with listening(alice) as listener:
            event = listener.next()

        assert (event.content["player_id"], event.content["status"]) == ("fox", "ready")

    def test_reveal_is_told_before_the_pictures(
        self, visitor: Person, alice: Person, hidden: dict
    ) -> None:
        """Who waits before the curtain hears it rise, and then what is behind it."""
        with listening(visitor) as listener:
            listener.next()
            set_round(alice, hidden=False)
            curtain, picture = listener.next(), listener.next()

        assert (curtain.name, curtain.content) == ("revealed", {"round": 1})
        assert (picture.content["id"], picture.content["status"]) == (hidden["id"], "ready")

    def test_hiding_is_told_and_then_nothing_more(self, listener: Listener, alice: Person) -> None:
        """Who has seen the round hears it close."""
        set_round(alice, hidden=True)

        curtain, frame = listener.next(), listener.next()

        assert (curtain.name, curtain.content) == ("hidden", {"round": 1})
        assert frame.content["status"] == "hidden"
        assert frame.content["player_id"] is None


@pytest.mark.parametrize("path", [EVENTS, "/api/games/TEA/rounds/2/events"])
def test_round_that_is_not_theirs_is_a_404(visitor: Person, alice: Person, path: str) -> None:
    """What can't be seen can't be listened to."""
    save_round_image(alice)
    show_to(alice, "private", "game", "TEA")

    problem(visitor.get(path), 404)


def test_stream_ends_when_the_game_becomes_private(listener: Listener, alice: Person) -> None:
    """Who is shut out hears nothing more, not even that."""
    show_to(alice, "private", "game", "TEA")
    save_round_image(alice, player="owl")

    assert '"player_id": "owl"' not in listener.rest()


def test_asking_for_the_headers_alone_takes_no_place(visitor: Person, fox: dict) -> None:
    """A HEAD request leaves at once, and as often as it likes."""
    statuses = {visitor.request("HEAD", EVENTS).status_code for _ in range(MOST_LINGERING + 1)}

    assert statuses == {200}


class TestCrowd:
    """As many listeners as there are places."""

    @pytest.fixture
    def crowd(self, visitor: Person, fox: dict) -> Iterator[ExitStack]:
        with ExitStack() as crowd:
            for _ in range(MOST_LINGERING):
                listener = crowd.enter_context(listening(visitor))
                assert listener.next().content["id"] == fox["id"]
            yield crowd

    @pytest.mark.usefixtures("crowd")
    def test_one_too_many_is_asked_to_come_back(self, visitor: Person) -> None:
        """The next is a 503 with a time to wait, and the rest of the gallery stays open."""
        answer = visitor.get(EVENTS)

        assert problem(answer, 503)["type"] == "urn:gallery:too-many-listeners"
        assert answer.headers["Retry-After"] == "5"
        assert round_places(visitor)["fox"]["status"] == "ready"

    @pytest.mark.usefixtures("crowd")
    def test_who_would_wait_for_a_picture_is_answered_at_once(
        self, alice: Person, painter: Painter
    ) -> None:
        """Where all places are taken, a preference to wait is passed over."""
        painter.may_finish.clear()

        answer = generate(alice, "owl", sentence="The owl waits.", headers={"Prefer": "wait=20"})

        assert answer.status_code == 202
        assert "Preference-Applied" not in answer.headers
        painter.may_finish.set()
        eventually(lambda: round_places(alice)["owl"]["status"] == "ready", "owl is ready")

    def test_place_is_free_when_a_listener_has_left(
        self, visitor: Person, alice: Person, crowd: ExitStack
    ) -> None:
        """The server notices by the next event that nobody takes."""
        crowd.close()
        guests = count(1)

        def somebody_may_listen() -> bool:
            set_round(alice, players=[f"guest-{next(guests)}"])
            with listening(visitor) as listener:
                return listener.answer.status_code == 200

        eventually(somebody_may_listen, "a place is free")
