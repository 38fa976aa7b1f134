"""
Attack a host in every way that is written down here, until told to stop.

`python -m tests.helpers.attacks ATTACK` says `ready`, waits for a line on standard input
(`ADDRESS SOURCE PROOF_TOPIC BLOCK_TOPIC`), attacks from the address SOURCE until standard input
ends, and prints what it did and what became of its connections as one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

import trio

from tests.helpers.hostile_peer import (
    TRANSPORT_ERRORS,
    Tally,
    Target,
    joined,
    secured,
)
from zkattest.net import snappy
from zkattest.net.errors import PeerError
from zkattest.net.muxer import DATA, HEADER, PING, RST, SYN, WINDOW_UPDATE
from zkattest.net.wire import Rpc, encode_rpc, encode_varint

Attack = Callable[[Target, Tally], Awaitable[None]]

MIB = 1 << 20
HELLO = b"\x13/multistream/1.0.0\n"
NOISE = b"\x07/noise\n"
FLOODERS = 4
LORISES = 40
REST_S = 0.05
GONE = (PeerError, *TRANSPORT_ERRORS)


def frame(body: bytes) -> bytes:
    """Put a length before it."""
    return encode_varint(len(body)) + body


def ids(count: int) -> tuple[bytes, ...]:
    """Invent message ids."""
    data = os.urandom(20 * count)
    return tuple(data[start : start + 20] for start in range(0, len(data), 20))


async def again_and_again(attempt: Attack, target: Target, tally: Tally) -> None:
    """Come back with a new name whenever the host parts."""
    while True:
        try:
            await attempt(target, tally)
        except* GONE:
            tally.add("refused")
        await trio.sleep(REST_S)


async def side_by_side(attempt: Attack, count: int, target: Target, tally: Tally) -> None:
    """Attack with several connections at once."""
    async with trio.open_nursery() as nursery:
        for _ in range(count):
            nursery.start_soon(again_and_again, attempt, target, tally)


# Frames.


def malformed_frames(proofs: str) -> list[bytes]:
    """List frames that no honest peer sends."""
    return [
        frame(os.urandom(200)),
        b"\xff" * 20,
        encode_varint(100 << 20),
        b"\xff" * 8 + b"\x7f",
        encode_varint(11 << 20) + bytes(1000),
        encode_rpc(Rpc(subscribe=tuple(f"t{i}" for i in range(10_000)))),
        frame(b"\x0a\x06\x08\x01\x12\x02\xff\xfe"),
        b"\x00" * 1000,
        encode_rpc(Rpc(prune=((proofs, 2**63), ("other", 2**63)))),
        frame(b"\x12\x00" * 100_000),
        frame(b"\x12\x05\x12\x7f"),
        frame(b"\x1a\x80\x80\x80\x80\x10"),
    ]


async def send_malformed(target: Target, tally: Tally) -> None:
    """Send one malformed frame after the other."""
    async with joined(target, tally) as peer:
        await peer.join([target.proofs])
        while not peer.ended.is_set():
            await peer.send(random.choice(malformed_frames(target.proofs)))
            await trio.sleep(0.01)


async def send_protobuf_bombs(target: Target, tally: Tally) -> None:
    """Send frames within every limit of size that make as many objects as can be."""
    tiny = b"\x12\x00" * 60_000
    ihave = b"\x0a" + encode_varint(len(tiny)) + tiny
    control = frame(b"\x1a" + encode_varint(len(ihave)) + ihave)
    topics = frame(b"\x0a\x02\x08\x01" * 4096)
    messages = frame(b"\x12\x00" * 256)
    async with joined(target, tally) as peer:
        await peer.join([target.proofs])
        while not peer.ended.is_set():
            for bomb in (control, topics, messages):
                await peer.send(bomb)


async def send_empty_frames(target: Target, tally: Tally) -> None:
    """Send frames of nothing: each costs the host more than its one byte."""
    async with joined(target, tally) as peer:
        await peer.join([target.proofs])
        while not peer.ended.is_set():
            await peer.send(bytes(60_000))


async def send_snappy_bombs(target: Target, tally: Tally) -> None:
    """Send blocks of 22 times their length that are right, and some that announce too much."""
    async with joined(target, tally) as peer:
        await peer.join([target.blocks])
        announces = encode_varint(10 * MIB) + b"\x00a"
        for number in range(10**9):
            if peer.ended.is_set():
                return
            data = number.to_bytes(8, "big") + os.urandom(8) + bytes(10 * MIB - 16)
            await peer.publish(target.blocks, snappy.compress(data))
            if number % 4 == 3:
                await peer.publish(target.blocks, announces + os.urandom(4))


# Slow ones, who do nothing more than hold what they have.


async def drip(socket: trio.SocketStream, data: bytes, tally: Tally) -> None:
    """Send a byte now and then until the host hangs up."""
    async with trio.open_nursery() as nursery:

        async def listen() -> None:
            while await socket.receive_some(4096):
                pass
            tally.add("parted")
            nursery.cancel_scope.cancel()

        nursery.start_soon(listen)
        for byte in data:
            await socket.send_all(bytes([byte]))
            tally.add("bytes")
            await trio.sleep(0.3)


def slow_handshake(head: bytes, target: Target, tally: Tally) -> Awaitable[None]:
    """Send the beginning of a handshake and then a byte now and then."""

    async def attempt() -> None:
        socket = await target.connect()
        tally.add("connections")
        try:
            await socket.send_all(head)
            await drip(socket, bytes(10_000), tally)
        finally:
            await trio.aclose_forcefully(socket)

    return attempt()


async def slow_yamux(target: Target, tally: Tally) -> None:
    """Begin a yamux frame of a whole window and send a byte of it now and then."""
    async with secured(target, tally) as (channel, _):
        await channel.write(HEADER.pack(0, DATA, SYN, 1, 200_000))
        while True:
            await channel.write(b"x")
            tally.add("bytes")
            await trio.sleep(0.3)


async def slow_multiselect(target: Target, tally: Tally) -> None:
    """Open all the streams there may be and propose protocols a byte at a time."""
    async with joined(target, tally) as peer:
        streams = [peer.muxer.open_stream() for _ in range(15)]
        for byte in HELLO + bytes(1000):
            for stream in streams:
                await stream.write(bytes([byte]))
                tally.add("bytes")
            await trio.sleep(0.3)


async def slow_rpc(target: Target, tally: Tally) -> None:
    """Begin a frame of megabytes, send most of it, and the rest a byte at a time."""
    async with joined(target, tally) as peer:
        await peer.join([target.proofs])
        await peer.send(encode_varint(4 * MIB) + bytes(3 * MIB))
        while not peer.ended.is_set():
            await peer.send(b"x")
            await trio.sleep(0.3)


async def half_open_streams(target: Target, tally: Tally) -> None:
    """Open streams and leave them: without a word, half negotiated, closed, or reset at once."""
    async with joined(target, tally) as peer:
        while not peer.ended.is_set():
            for number in range(12):
                stream = peer.muxer.open_stream()
                tally.add("streams")
                if number % 4 == 1:
                    await stream.write(HELLO[:7])
                elif number % 4 == 2:
                    stream.close()
                elif number % 4 == 3:
                    await stream.write(HELLO + b"\x12/meshsub/1.1.0\n\x05abc")
                    stream.reset()
            await trio.sleep(0.02)


async def never_read(target: Target, tally: Tally) -> None:
    """Ask for everything that is announced and read none of it."""
    async with secured(target, tally) as (channel, _):
        await channel.write(HEADER.pack(0, WINDOW_UPDATE, SYN, 1, 0))
        rpc = encode_rpc(Rpc(subscribe=(target.proofs,), graft=(target.proofs,)))
        data = HELLO + b"\x0f/meshsub/1.1.0\n" + rpc
        await channel.write(HEADER.pack(0, DATA, 0, 1, len(data)) + data)
        await trio.sleep_forever()


# Floods.


async def flood(make: Callable[[Target], list[Rpc]], target: Target, tally: Tally) -> None:
    """Send the same kind of control message as fast as the host takes it."""
    async with joined(target, tally) as peer, trio.open_nursery() as nursery:

        async def hear() -> None:
            with suppress(PeerError):
                async for _ in peer.hear():
                    tally.add("heard")

        nursery.start_soon(hear)
        await peer.join([target.proofs, target.blocks])
        while not peer.ended.is_set():
            for rpc in make(target):
                await peer.say(rpc)
        nursery.cancel_scope.cancel()


async def flood_iwant(target: Target, tally: Tally) -> None:
    """Ask again and again for every message that the host ever announced or sent."""
    async with joined(target, tally) as peer, trio.open_nursery() as nursery:
        known: dict[bytes, None] = {}

        async def hear() -> None:
            with suppress(PeerError):
                async for rpc in peer.hear():
                    tally.add("heard_bytes", sum(len(each.payload) for each in rpc.published))
                    for _, announced in rpc.ihave:
                        known.update(dict.fromkeys(announced))

        nursery.start_soon(hear)
        await peer.say(Rpc(subscribe=(target.proofs, target.blocks)))
        while not peer.ended.is_set():
            await peer.say(Rpc(iwant=tuple(known)[-1000:] + ids(100)))
            await trio.sleep(0.005)
        nursery.cancel_scope.cancel()


FLOODS: dict[str, Callable[[Target], list[Rpc]]] = {
    "flood_ihave": lambda target: [Rpc(ihave=((target.proofs, ids(2000)),))],
    "flood_idontwant": lambda _: [Rpc(idontwant=ids(2000))],
    "flood_graft": lambda target: [
        Rpc(graft=(target.proofs, target.blocks)),
        Rpc(prune=((target.proofs, 0), (target.blocks, 0))),
    ],
    "flood_subscriptions": lambda target: [
        Rpc(unsubscribe=(target.proofs, target.blocks)),
        Rpc(subscribe=(target.proofs, target.blocks, *(f"t{i}" for i in range(1000)))),
    ],
}


async def flood_yamux(target: Target, tally: Tally) -> None:
    """Send frames of twelve bytes by the thousand: pings, updates, streams that are reset."""
    async with secured(target, tally) as (channel, _):
        number = 1
        while True:
            frames = [HEADER.pack(0, PING, SYN, 0, 7), HEADER.pack(0, WINDOW_UPDATE, 0, 99, 1)] * 50
            for _ in range(20):
                number += 2
                frames.append(HEADER.pack(0, WINDOW_UPDATE, SYN, number, 0))
                frames.append(HEADER.pack(0, WINDOW_UPDATE, RST, number, 0))
            data = b"".join(frames)
            await channel.write(data)
            tally.add("frames", len(frames))
            tally.add("bytes", len(data))


async def flood_negotiations(target: Target, tally: Tally) -> None:
    """Ask a stream for the list of protocols without end."""
    async with joined(target, tally) as peer:
        while not peer.ended.is_set():
            stream = peer.muxer.open_stream()
            tally.add("streams")
            with suppress(PeerError), trio.move_on_after(0.5):
                await stream.write(HELLO + b"\x03ls\n" * 20_000)
                tally.add("bytes", 80_000)


# Messages.


async def change_bytes(target: Target, tally: Tally) -> None:
    """Send what honest peers sent, with a byte changed, in another encoding, and as it was."""
    async with joined(target, tally) as peer:
        await peer.join([target.proofs, target.blocks])
        async for rpc in peer.hear():
            for _, announced in rpc.ihave:
                await peer.say(Rpc(iwant=announced))
            for published in rpc.published:
                data = bytearray(snappy.decompress(published.payload, 16 * MIB))
                topic = published.topics[0]
                await peer.publish(topic, published.payload)
                await peer.publish(topic, snappy.compress(bytes(data)))
                await peer.publish(topic, literal(bytes(data)))
                data[random.randrange(len(data))] ^= 1
                await peer.publish(topic, snappy.compress(bytes(data)))


def literal(data: bytes) -> bytes:
    """Encode as snappy without compressing anything."""
    parts = [encode_varint(len(data))]
    for start in range(0, len(data), 65536):
        piece = data[start : start + 65536]
        parts += [b"\xf4", (len(piece) - 1).to_bytes(2, "little"), piece]
    return b"".join(parts)


async def replay(target: Target, tally: Tally) -> None:
    """Send messages that are right, and of no use any more, as fast as the host takes them."""
    async with joined(target, tally) as peer:
        await peer.join([target.proofs])
        while not peer.ended.is_set():
            await peer.publish(target.proofs, snappy.compress(b"old" + os.urandom(2000)))


# Connections.


async def eclipse(target: Target, tally: Tally) -> None:
    """Hold as many connections as the host gives one address, and every place in its meshes."""

    async def hold(target: Target, tally: Tally) -> None:
        async with joined(target, tally) as peer:
            while not peer.ended.is_set():
                await peer.join([target.proofs, target.blocks])
                await trio.sleep(1.0)

    await side_by_side(hold, 100, target, tally)


async def churn(target: Target, tally: Tally) -> None:
    """Connect and go, at every stage of the handshakes."""
    stage = random.randrange(4)
    if stage < 2:
        socket = await target.connect()
        tally.add("connections")
        if stage:
            await socket.send_all(HELLO + NOISE)
        await trio.aclose_forcefully(socket)
    elif stage == 2:
        async with secured(target, tally):
            pass
    else:
        async with joined(target, tally) as peer:
            await peer.join([target.proofs])


async def big_keys(target: Target, tally: Tally) -> None:
    """Announce a handshake message as long as Noise allows: a key that is dear to parse."""
    socket = await target.connect()
    tally.add("connections")
    try:
        await socket.send_all(HELLO + NOISE + b"\x00\x20" + os.urandom(32))
        await socket.send_all(b"\xff\xff" + bytes(65_535))
        while await socket.receive_some(4096):
            pass
        tally.add("parted")
    finally:
        await trio.aclose_forcefully(socket)


async def freeze(target: Target, tally: Tally) -> None:
    """Be a good peer; the test stops the whole process."""
    async with joined(target, tally) as peer:
        await peer.join([target.proofs, target.blocks])
        async for rpc in peer.hear():
            tally.add("heard", len(rpc.published))


def many(attempt: Attack, count: int = FLOODERS) -> Attack:
    """Make an attack of several connections that come back."""
    return partial(side_by_side, attempt, count)


ATTACKS: dict[str, Attack] = {
    "malformed_frames": many(send_malformed),
    "protobuf_bombs": many(send_protobuf_bombs),
    "snappy_bombs": many(send_snappy_bombs),
    "empty_frames": many(send_empty_frames),
    "half_open_streams": many(half_open_streams),
    "slow_loris_tcp": many(partial(slow_handshake, b""), LORISES),
    "slow_loris_noise": many(partial(slow_handshake, HELLO + NOISE + b"\x00\x20"), LORISES),
    "slow_loris_yamux": many(slow_yamux, LORISES),
    "slow_loris_multiselect": many(slow_multiselect, 8),
    "slow_loris_rpc": many(slow_rpc, LORISES),
    "never_reads": many(never_read, 8),
    **{name: many(partial(flood, make)) for name, make in FLOODS.items()},
    "flood_iwant": many(flood_iwant),
    "flood_yamux": many(flood_yamux),
    "flood_negotiations": many(flood_negotiations),
    "changed_bytes": many(change_bytes, 2),
    "replay": many(replay),
    "eclipse": eclipse,
    "churn": many(churn, 16),
    "big_keys": many(big_keys),
    "frozen": many(freeze, 1),
}


async def main(name: str) -> None:
    """Attack between the first line and the end of standard input."""
    tally = Tally()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    orders = trio.lowlevel.FdStream(os.dup(0))
    if line := await orders.receive_some(4096):
        target = Target(*line.decode().split())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ATTACKS[name], target, tally)
            while await orders.receive_some(100):
                pass
            nursery.cancel_scope.cancel()
    sys.stdout.write(json.dumps(tally.counts) + "\n")


if __name__ == "__main__":
    trio.run(main, sys.argv[1])
