"""Files are read as those read them who use them; every mistake is a finding."""

import socket
from pathlib import Path

import pytest

from tests.helpers.engines import REGISTRY
from zkattest.node.doctor_files import examine_files
from zkattest.node.findings import Finding, State


def found_in(path: Path) -> dict[str, Finding]:
    return {each.name: each for each in examine_files([path]) if each.group == str(path)}


def engine_file(folder: Path, more: str = "", port: int = 0) -> Path:
    (folder / "registry.toml").write_text(REGISTRY)
    path = folder / "engine.toml"
    path.write_text(
        '[engine]\nchain_id = 1\nregistry = "registry.toml"\nprofile = "test"\n'
        f'[service]\nlisten = "127.0.0.1:{port}"\n{more}'
    )
    return path


def test_registry_of_the_package__every_profile_is_usable() -> None:
    states = {each.name: each.state for each in examine_files([])}
    assert set(states.values()) == {State.OK}
    assert "profile lighthouse-7" in states


def test_engine__each_program_that_cannot_be_verified_is_named(tmp_path: Path) -> None:
    found = found_in(engine_file(tmp_path))
    assert found["profile test"].detail == "2 of 4 can be verified"
    assert found["proof type 4, withdrawn"].detail == "revoked since 2026-11-21: a test says so"
    assert "openvm" in found["proof type 3, unsupported"].detail
    advice = "nothing to get; other programs: zkattest registry show"
    assert found["proof type 3, unsupported"].advice == advice
    assert found["service.listen"].state is State.OK


def test_engine__a_key_that_is_missing_is_told_with_where_to_get_it(tmp_path: Path) -> None:
    key = "ab" * 32
    path = engine_file(tmp_path)
    before = 'id = "unsupported"\nsystem = "openvm"\nprogram_vk = "0x' + "11" * 32
    after = (
        f'id = "unsupported"\nverifier_key = {{ sha256 = "0x{key}", url = "https://keys.test" }}\n'
        f'system = "groth16-bn254"\nprogram_vk = "0x{key}'
    )
    (tmp_path / "registry.toml").write_text(REGISTRY.replace(before, after))
    found = found_in(path)["proof type 3, unsupported"]
    assert found.state is State.OPTIONAL
    where = "into a folder, named by engine.verifier_keys,"
    assert found.advice == f"get the key from https://keys.test {where} as {key}"


def test_engine__with_guests_is_wrong_where_the_worker_is_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    found = found_in(engine_file(tmp_path, "run_guests = true\n"))["service.run_guests"]
    assert (found.state, found.advice) == (State.WRONG, "zkattest prover init")


def test_engine__address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = found_in(engine_file(tmp_path, port=port))["service.listen"]
    assert (found.state, found.detail) == (
        State.OPTIONAL,
        f"127.0.0.1:{port}: Address already in use",
    )


def test_engine__certificate_that_is_none_is_wrong(tmp_path: Path) -> None:
    more = 'tls_certificate = "a.pem"\ntls_key = "b.pem"\n'
    found = found_in(engine_file(tmp_path, more))["service.tls_certificate"]
    assert found.state is State.WRONG
    assert found.detail.endswith("No such file or directory")


def test_engine__evidence_folder_need_not_be_there_yet(tmp_path: Path) -> None:
    found = found_in(engine_file(tmp_path, '[evidence]\nfolder = "a/b"\n'))["evidence.folder"]
    assert (found.state, found.detail) == (State.OK, str(tmp_path / "a" / "b"))
    assert not (tmp_path / "a").exists()


def test_file__every_mistake_is_wrong_by_its_field(tmp_path: Path) -> None:
    path = engine_file(tmp_path, "idle_ms = 0\nhead_ms = 0\n")
    found = found_in(path)
    assert {name: each.state for name, each in found.items()} == {
        "service.idle_ms": State.WRONG,
        "service.head_ms": State.WRONG,
    }
    assert all(each.advice == f"mend {path}" for each in found.values())


def test_file__not_examined_when_it_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    assert found_in(path) == {
        "file": Finding(
            str(path),
            "file",
            State.NOT_EXAMINED,
            "No such file or directory",
            "a readable file is needed",
        )
    }


def test_file__a_registry_is_known_by_its_entries(tmp_path: Path) -> None:
    path = tmp_path / "programs.toml"
    path.write_text(REGISTRY)
    found = found_in(path)
    assert found["programs"].detail.startswith("4 programs: 3 active, 0 deprecated, 1 revoked;")
    assert found["profile test"].detail == "3 of 4 proof types are usable"


def test_node__a_database_that_does_not_answer_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "node.toml"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path.write_text(
        f'[node]\nkey_seed = "0x{"11" * 32}"\n'
        f'[eip8025]\nstore = "postgresql://user@127.0.0.1:{port}/none"\nchain_id = 1\n'
        f'fork_version = "0x00000000"\ngenesis_validators_root = "0x{"00" * 32}"\n'
        'genesis_time_ms = 0\nbeacon_node = "http://127.0.0.1:5052"\n'
        f'[[eip8025.proof_types]]\ntype = 1\nsystem = "sp1"\nprogram_vk = "0x{"00" * 32}"\n'
    )
    found = found_in(path)
    assert found["file"].state is State.OK, found
    assert found["eip8025.store"].state is State.WRONG
