"""A registry's file is looked at again and again; what is wrong with it changes nothing."""

import pytest
import trio

from tests.helpers.engines import REGISTRY, REVOKED_REGISTRY, EventLog
from zkattest.node.config_reader import ConfigError, Mistake
from zkattest.node.registry_watch import RegistryFile, look_for_update, watch_registry
from zkattest.types.programs import EntryId

OURS = EntryId("ours")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "registry.toml"
    path.write_text(REGISTRY)
    return path


def test_update__none_while_the_file_is_the_same(path):
    file = RegistryFile(path)
    assert file.read_update() is None
    assert RegistryFile(None).read_update() is None


def test_update__told_until_it_is_taken_up(path):
    file = RegistryFile(path)
    path.write_text(REVOKED_REGISTRY)
    update = file.read_update()
    assert not update.registry.entries[OURS].is_usable
    assert file.loaded.registry.entries[OURS].is_usable
    file.take_up(update)
    assert file.loaded is update
    assert file.read_update() is None


def test_update__refused_once_for_each_mistake(path):
    file, before = RegistryFile(path), path.read_text()
    for text, mistake in (("version = 2", "expected 1"), ("]", "line 1"), ("version = 2", "1")):
        path.write_text(text)
        with pytest.raises(ConfigError, match=mistake):
            file.read_update()
        assert file.read_update() is None
        assert mistake in file.refused_update
    path.write_text(before)
    assert file.read_update() is None
    assert file.refused_update == ""


def test_update__refused_where_it_is_older_than_what_is_in_use(path):
    file = RegistryFile(path)
    path.write_text(REVOKED_REGISTRY.replace("version = 1", "version = 1\nserial = 7", 1))
    file.take_up(file.read_update())
    # It was right once, and signed perhaps; it does not know of the revocation.
    for older in (REGISTRY, REGISTRY.replace("version = 1", "version = 1\nserial = 6", 1)):
        path.write_text(older)
        with pytest.raises(ConfigError, match=r"serial: [06], older than 7, in use"):
            file.read_update()
    path.write_text(REGISTRY.replace("version = 1", "version = 1\nserial = 8", 1))
    assert file.read_update().registry.entries[OURS].is_usable


def test_update__refused_where_it_will_not_do(path):
    def require(loaded):
        if not loaded.registry.entries[OURS].is_usable:
            raise ConfigError(path, Mistake("entry", "ours is missed"))

    file = RegistryFile(path, require=require)
    path.write_text(REVOKED_REGISTRY)
    with pytest.raises(ConfigError, match="ours is missed"):
        file.read_update()
    with pytest.raises(ConfigError, match="ours is missed"):
        RegistryFile(path, require=require)


async def test_mistake__told_and_counted(path):
    file, log = RegistryFile(path), EventLog()
    path.write_text("]")
    assert await look_for_update(file, log) is None
    assert await look_for_update(file, log) is None
    assert [fields["detail"] for fields in log.named("registry_refused")] == [file.refused_update]
    assert log.counts == [("registry_updates", "refused")]


async def test_watch__has_what_is_new_taken_up(path):
    file, log, taken = RegistryFile(path), EventLog(), []
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:

            async def take_up(update):
                file.take_up(update)
                taken.append(update)
                if len(taken) == 2:
                    nursery.cancel_scope.cancel()
                path.write_text(REGISTRY)

            nursery.start_soon(watch_registry, file, take_up, log, 1)
            path.write_text(REVOKED_REGISTRY)
    assert [one.registry.entries[OURS].is_usable for one in taken] == [False, True]
