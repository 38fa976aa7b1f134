"""Frames that never end."""

from zkattest.net.unfinished import UnfinishedFrames


def test_frames__within_the_bound_stay() -> None:
    closed: list[str] = []
    frames = UnfinishedFrames(100)
    for name in "ab":
        frames.grow(frames.begin(lambda name=name: closed.append(name), 0.0), 50, 1.0)
    assert (closed, frames.size_bytes) == ([], 100)


def test_frames__beyond_the_bound_cost_who_holds_much_for_long() -> None:
    closed: list[str] = []
    frames = UnfinishedFrames(100)

    def begin(name: str, size_bytes: int, since_s: float) -> None:
        frame = frames.begin(lambda: closed.append(name), since_s)
        frames.grow(frame, size_bytes, 10.0)

    begin("big and old", 60, 0.0)
    begin("small and old", 5, 0.0)
    begin("big and new", 50, 9.9)
    assert (closed, frames.size_bytes) == (["big and old"], 55)


def test_frame__that_ends_gives_its_room_back_once() -> None:
    frames = UnfinishedFrames(100)
    frame = frames.begin(lambda: None, 0.0)
    frames.grow(frame, 70, 0.0)
    frames.end(frame)
    frames.end(frame)
    frames.grow(frame, 70, 0.0)
    assert frames.size_bytes == 0
