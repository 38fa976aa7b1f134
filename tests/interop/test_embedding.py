"""`libzkattest_verify` in programs of other languages: the examples, compiled and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.proofs import GOLDEN_PROOFS, GoldenProof
from tests.helpers.scripts import run_script
from zkattest.types.programs import ProofSystem

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests/fixtures"
EXAMPLES = ROOT / "examples/embed"
INCLUDE = ROOT / "rust/capi/include"
HEADER = INCLUDE / "zkattest_verify.h"
BUILD_LIMIT_S = 1800
RUN_LIMIT_S = 120
USUAL_GO = Path("/usr/local/go/bin/go")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
# What a static Rust library asks of the system (`rustc --print native-static-libs`).
NATIVE = ["-lpthread", "-ldl", "-lm"]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Answer:
    """What a program printed, and the code it ended with."""

    code: int
    line: str


@dataclass(frozen=True)
class Embedding:
    """A program that verifies one proof, and how its options are written."""

    program: Path
    library: Path
    dash: str
    options_first: bool

    def ask(self, system: str, key: Path, proof: Path, **options: object) -> Answer:
        """Verify one proof; options as `public_values=path`, `threads=8`."""
        named = [
            word
            for name, value in options.items()
            for word in (self.dash + name.replace("_", "-"), str(value))
        ]
        plain = [system, str(key), str(proof)]
        return self.run(named + plain if self.options_first else plain + named)

    def run(self, arguments: list[str]) -> Answer:
        """Run the program with the library in reach of the loader."""
        done = subprocess.run(
            [str(self.program), *arguments],
            env={**os.environ, "LD_LIBRARY_PATH": str(self.library)},
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )
        assert done.stderr == ""
        return Answer(done.returncode, done.stdout.removesuffix("\n"))


def build(arguments: list[str], folder: Path, **settings: str) -> None:
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=BUILD_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def tool(*names: str) -> str:
    for name in names:
        found = shutil.which(name)
        if found is not None:
            return found
    pytest.skip(f"{names[0]} is not installed")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the library as `make embed` does, and return its folder."""
    folder = tmp_path_factory.mktemp("embed")
    build([str(ROOT / "tools/embed.sh"), str(folder)], ROOT)
    return folder / "lib"


@pytest.fixture(scope="module", params=["c", "c-static", "go"])
def embedding(
    request: pytest.FixtureRequest, library: Path, tmp_path_factory: pytest.TempPathFactory
) -> Embedding:
    """Compile an example against the library."""
    made = tmp_path_factory.mktemp(request.param) / "verify"
    if request.param == "go":
        go = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else tool("go"))
        build(
            [go, "build", "-buildvcs=false", "-o", str(made), "."],
            EXAMPLES / "go",
            CGO_ENABLED="1",
            CGO_CFLAGS=f"-I{INCLUDE}",
            CGO_LDFLAGS=f"-L{library}",
            GOFLAGS="-mod=readonly",
        )
        return Embedding(made, library, "-", options_first=True)
    linked = (
        [str(library / "libzkattest_verify.a"), *NATIVE]
        if request.param == "c-static"
        else [f"-L{library}", "-lzkattest_verify", "-lpthread"]
    )
    build(
        [
            tool("cc", "gcc", "clang"),
            *("-std=c11", "-D_POSIX_C_SOURCE=200809L", *WARNINGS, f"-I{INCLUDE}"),
            *("verify.c", *linked, "-o", str(made)),
        ],
        EXAMPLES / "c",
    )
    return Embedding(made, library, "--", options_first=False)


@dataclass(frozen=True)
class Golden:
    """Files of one proof, and what the program put out."""

    proof: GoldenProof
    files: dict[str, Path]

    def ask(self, embedding: Embedding, values: Path) -> Answer:
        """Verify the proof in several threads, PLONK's in fewer: one takes a second."""
        options: dict[str, object] = {"public_values": values}
        if self.proof.verifier_key is not None:
            options["verifier_key"] = self.files["verifier_key"]
        threads = 2 if self.proof.system is ProofSystem.SP1_PLONK else 8
        return embedding.ask(
            self.proof.system, self.files["key"], self.files["proof"], **options, threads=threads
        )


@pytest.fixture(params=GOLDEN_PROOFS)
def golden(request: pytest.FixtureRequest, tmp_path: Path) -> Golden:
    """Return a real proof of every system that is verified, as files of raw bytes."""
    proof = GOLDEN_PROOFS[request.param]
    contents = {
        "key": bytes(proof.program_vk),
        "proof": proof.proof,
        "values": proof.public_values,
        "verifier_key": proof.verifier_key or b"",
    }
    files = {name: tmp_path / name for name in contents}
    for name, path in files.items():
        path.write_bytes(contents[name])
    return Golden(proof, files)


def test_golden_proof__valid_in_threads_at_once(embedding: Embedding, golden: Golden) -> None:
    answer = golden.ask(embedding, golden.files["values"])
    assert answer == Answer(0, f"valid {golden.proof.public_values.hex()}")


def test_golden_proof__invalid_other_public_values(embedding: Embedding, golden: Golden) -> None:
    other = golden.files["values"].with_name("other")
    values = golden.proof.public_values
    other.write_bytes(values[:-1] + bytes([values[-1] ^ 1]))
    answer = golden.ask(embedding, other)
    assert answer.code == 1
    reason = "public_values_mismatch" if golden.proof.carries_values else "proof_invalid"
    assert answer.line.startswith(f"invalid {reason}: ")


def key_and_proof(proof: GoldenProof, folder: Path) -> tuple[Path, Path]:
    key, bare = folder / "key", folder / "proof"
    key.write_bytes(bytes(proof.program_vk))
    bare.write_bytes(proof.proof)
    return key, bare


@pytest.mark.parametrize("name", ["sp1-groth16", "sp1-plonk", "risc0-groth16"])
def test_golden_proof__not_checked_without_public_values(
    embedding: Embedding, name: str, tmp_path: Path
) -> None:
    proof = GOLDEN_PROOFS[name]
    key, bare = key_and_proof(proof, tmp_path)
    detail = "the proof does not carry its public values; give them"
    expected = Answer(2, f"not checked public_values_missing: {detail}")
    assert embedding.ask(proof.system, key, bare) == expected


def test_groth16__not_checked_without_verifier_key(embedding: Embedding, tmp_path: Path) -> None:
    proof = GOLDEN_PROOFS["groth16-bn254-gnark"]
    key, bare = key_and_proof(proof, tmp_path)
    detail = "the proof system needs a verifier key; give one"
    expected = Answer(2, f"not checked verifier_key_missing: {detail}")
    assert embedding.ask(proof.system, key, bare) == expected


def test_proof__invalid_flipped_bit(embedding: Embedding, tmp_path: Path) -> None:
    proof = bytearray((FIXTURES / "zisk-1.1-vadcop/proof.bin").read_bytes())
    proof[1000] ^= 1
    flipped = tmp_path / "flipped"
    flipped.write_bytes(proof)
    answer = embedding.ask("zisk", FIXTURES / "zisk-1.1-vadcop/program_vk.bin", flipped, threads=8)
    detail = "proof is invalid: the vadcop proof does not verify under the aggregation key"
    assert answer == Answer(1, f"invalid proof_invalid: {detail}")


def test_proof__not_checked_unsupported_kind(embedding: Embedding) -> None:
    folder = FIXTURES / "openvm-2.1-stark"
    answer = embedding.ask("openvm", folder / "program_vk.bin", folder / "proof.bin", threads=8)
    assert answer.code == 2
    assert answer.line.startswith(
        "not checked unsupported_proof_kind: unsupported: OpenVM STARK proofs"
    )


def test_system__not_checked_unknown_name(embedding: Embedding) -> None:
    folder = FIXTURES / "zisk-1.1-vadcop"
    answer = embedding.ask("sp2", folder / "program_vk.bin", folder / "proof.bin")
    detail = "no proof system has this name; zkattest_system_name lists them"
    assert answer == Answer(2, f"not checked unsupported_proof_system: {detail}")


def test_systems__are_listed(embedding: Embedding) -> None:
    systems = "sp1 sp1-groth16 sp1-plonk risc0-groth16 zisk groth16-bn254 openvm"
    assert embedding.run([f"{embedding.dash}systems"]) == Answer(0, "\n".join(systems.split()))


def declared() -> set[str]:
    return set(re.findall(r"\b(zkattest_\w+)\(", HEADER.read_text()))


def test_library__exports_what_the_header_declares_and_nothing_else(library: Path) -> None:
    shared = str(library / "libzkattest_verify.so")
    said = subprocess.run(
        [tool("nm"), "-D", "--defined-only", shared], capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[-1] for line in said.splitlines()} == declared()


def test_library__needs_the_c_library_alone(library: Path) -> None:
    shared = str(library / "libzkattest_verify.so")
    said = subprocess.run(
        [tool("readelf"), "-d", shared], capture_output=True, text=True, check=True
    ).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+?)\.so", said))
    assert needed <= {"libc", "libm", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64"}


def test_library__is_named_by_the_version_of_its_abi(library: Path) -> None:
    version = re.search(r"^#define ZKATTEST_ABI_VERSION (\d+)$", HEADER.read_text(), re.MULTILINE)
    assert version is not None
    named = f"libzkattest_verify.so.{version[1]}"
    said = subprocess.run(
        [tool("readelf"), "-d", str(library / "libzkattest_verify.so")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert re.findall(r"\(SONAME\).*\[(.+?)\]", said) == [named]
    assert (library / "libzkattest_verify.so").readlink() == Path(named)


def test_pkg_config__says_how_to_compile_and_link_wherever_the_folder_is(
    library: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(library.parent, moved, symlinks=True)
    flags = subprocess.run(
        [tool("pkg-config", "pkgconf"), "--cflags", "--libs", "zkattest_verify"],
        env={**os.environ, "PKG_CONFIG_PATH": str(moved / "lib/pkgconfig")},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    made = tmp_path / "verify"
    source = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "verify.c"]
    build([tool("cc", "gcc", "clang"), *source, *flags, "-o", str(made)], EXAMPLES / "c")
    systems = Embedding(made, moved / "lib", "--", options_first=False).run(["--systems"])
    assert (systems.code, systems.line.splitlines()[0]) == (0, "sp1")


FORK = """
import ctypes, os, signal, sys
library = ctypes.CDLL(sys.argv[1])
key, proof = (open(path, "rb").read() for path in sys.argv[2:])
handle = ctypes.c_void_p()
opened = library.zkattest_verifier_open(
    b"sp1", key, ctypes.c_size_t(len(key)), None, ctypes.c_size_t(0), ctypes.byref(handle), None
)
verify = lambda: library.zkattest_verifier_verify(
    handle, proof, ctypes.c_size_t(len(proof)), None, ctypes.c_size_t(0), None
)
answers = [opened, verify()]
child = os.fork()
if child == 0:
    # One that waits for threads that are not there is ended, and not by its own will.
    signal.alarm(60)
    os._exit(verify())
answers.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(*answers)
"""


def test_process_that_was_forked__not_checked_instead_of_waiting_for_ever(library: Path) -> None:
    folder = FIXTURES / "sp1-6.4-compressed"
    files = [library / "libzkattest_verify.so", folder / "program_vk.bin", folder / "proof.bin"]
    done = run_script(FORK, *files)
    assert (done.stdout, done.stderr) == ("0 0 2\n", "")


MEMORY = """
import ctypes, resource, sys
library = ctypes.CDLL(sys.argv[1])
key, proof, values = (open(path, "rb").read() for path in sys.argv[2:])
other = proof[:-1] + bytes([proof[-1] ^ 1])
# Larger than zkattest_result, which is only passed back.
result = ctypes.create_string_buffer(256)
handle = ctypes.c_void_p()
size = ctypes.c_size_t

def turn(proof):
    opened = library.zkattest_verifier_open(
        b"risc0-groth16", key, size(len(key)), None, size(0), ctypes.byref(handle), result
    )
    library.zkattest_result_clear(result)
    verified = library.zkattest_verifier_verify(
        handle, proof, size(len(proof)), values, size(len(values)), result
    )
    library.zkattest_result_clear(result)
    library.zkattest_verifier_free(handle)
    return opened, verified

def turns(count):
    for _ in range(count):
        assert (turn(proof), turn(other), turn(b"")) == ((0, 0), (0, 1), (0, 1))
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

# The first look at the figure takes memory itself.
turns(300)
before = turns(300)
print(turns(600) - before)
"""


def test_memory__given_back_by_clear_and_free(library: Path, tmp_path: Path) -> None:
    golden = GOLDEN_PROOFS["risc0-groth16"]
    contents = (bytes(golden.program_vk), golden.proof, golden.public_values)
    files = [tmp_path / name for name in ("key", "proof", "values")]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    shared = library / "libzkattest_verify.so"
    done = run_script(MEMORY, shared, *files)
    assert done.stderr == ""
    # One result or handle that is kept by each of 1,800 turns would be more.
    assert int(done.stdout) < 64 << 10


def test_header__says_of_each_function_who_may_call_it_and_what_it_returns() -> None:
    comments = {
        name: comment
        for comment, name in re.findall(
            r"((?:^//.*\n)+)^[\w *]*?\b(zkattest_\w+)\(", HEADER.read_text(), re.MULTILINE
        )
    }
    assert set(comments) == declared()
    returns_nothing = {"zkattest_verifier_free", "zkattest_result_clear"}
    assert [name for name, comment in comments.items() if "Threads: " not in comment] == []
    silent = {name for name, comment in comments.items() if "Returns: " not in comment}
    assert silent == returns_nothing
    # What gives out or takes memory says whose it is.
    owned = {name for name, comment in comments.items() if "Owner: " in comment}
    assert owned == declared() - {"zkattest_abi_version", "zkattest_verifier_max_proof_bytes"}


def test_header__compiles_as_cplusplus(tmp_path: Path) -> None:
    source = tmp_path / "include.cpp"
    source.write_text('#include "zkattest_verify.h"\nint main() { return ZKATTEST_VALID; }\n')
    compiler = tool("c++", "g++", "clang++")
    build([compiler, *WARNINGS, "-fsyntax-only", f"-I{INCLUDE}", str(source)], tmp_path)
