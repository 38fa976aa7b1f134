"""Other programs answer line by line; whatever they do instead is told by name."""

import sys
from pathlib import Path

import psutil
import pytest

from zkattest.conformance import program
from zkattest.conformance.cases import VectorCase
from zkattest.conformance.outcome import Verdict, valid
from zkattest.conformance.program import Program, ProgramError, open_program

CASE = VectorCase("static/a/b", "static", Path(), "", "", "", (), {}, {}, valid())
# Each answers the lines it reads; `line` counts from 1 in each process.
ANSWERS = """
import json, os, sys
for line, text in enumerate(sys.stdin, 1):
    question = json.loads(text)
    {body}
    sys.stdout.flush()
"""
HANG = "import sys\nsys.stdin.read()"


def command(tmp_path: Path, body: str, frame: str = ANSWERS) -> list[str]:
    path = tmp_path / "program.py"
    path.write_text(frame.replace("{body}", body))
    return [sys.executable, str(path)]


def say(text: str) -> str:
    return f"sys.stdout.write({text!r} + '\\n')"


async def failure(one: Program) -> str:
    with pytest.raises(ProgramError) as caught:
        await one.ask(CASE)
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_program__one_process_answers_many(tmp_path):
    answer = "{'verdict': 'valid', 'id': question['id'], 'n': line}"
    body = f"sys.stdout.write(json.dumps({answer}) + '\\n')"
    async with open_program(command(tmp_path, body), 10.0) as one:
        answers = [await one.ask(CASE) for _ in range(3)]
        pid = one._process.pid
    assert [answer.values["n"] for answer in answers] == [1, 2, 3]
    assert one.starts == 1
    assert not psutil.pid_exists(pid)


async def test_program__skips(tmp_path):
    async with open_program(command(tmp_path, say('{"verdict":"skipped"}')), 10.0) as one:
        assert (await one.ask(CASE)).verdict is Verdict.SKIPPED


async def test_program__crash_is_named_and_the_next_case_gets_a_new_process(tmp_path):
    body = "if line == 2: sys.stderr.write('cannot\\n'); sys.exit(7)\n    " + say(
        '{"verdict":"valid"}'
    )
    async with open_program(command(tmp_path, body), 10.0) as one:
        await one.ask(CASE)
        assert await failure(one) == "crashed: exit code 7; it said: cannot"
        await one.ask(CASE)
        assert one.starts == 2


async def test_program__killed_is_named(tmp_path):
    async with open_program(command(tmp_path, "os.kill(os.getpid(), 9)"), 10.0) as one:
        assert await failure(one) == "crashed: killed by SIGKILL"


async def test_program__closed_output_is_named(tmp_path):
    body = "os.close(1); sys.stdin.read()"
    async with open_program(command(tmp_path, body), 30.0) as one:
        assert await failure(one) == "crashed: closed its output"


async def test_program__hang_is_named_and_ended(tmp_path):
    async with open_program(command(tmp_path, "", HANG), 0.5) as one:
        assert await failure(one) == "hung: no answer within 0.5 s"
        assert one._process is None


async def test_program__that_does_not_start_is_named(tmp_path):
    async with open_program([str(tmp_path / "nothing")], 10.0) as one:
        assert await failure(one) == "does not start: No such file or directory"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("hello", "not JSON: hello"),
        ("", "not JSON: "),
        ("[1]", "answer: expected an object"),
        ("{}", "verdict: None, expected valid"),
        ('{"verdict":"invalid"}', "reason: missing"),
        ('{"verdict":"valid","id":"static/other"}', "it is about 'static/other'"),
        ("[" * 100_000, "not JSON: [[["),
        ("\x1b[31m\udcff", "not JSON: \\x1b[31m"),
    ],
)
async def test_program__undecodable_answer_is_named(tmp_path, line, reason):
    body = f"sys.stdout.buffer.write({line.encode(errors='surrogateescape')!r} + b'\\n')"
    async with open_program(command(tmp_path, body), 10.0) as one:
        assert (await failure(one)).startswith(f"undecodable answer: {reason}")


async def test_program__endless_line_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "MAX_ANSWER_BYTES", 1_000)
    async with open_program(command(tmp_path, "sys.stdout.write('x' * 5000)"), 10.0) as one:
        assert await failure(one) == "undecodable answer: a line above 1000 bytes"


async def test_program__late_answer_is_not_the_next_ones(tmp_path):
    # Two answers to the first question: the second question must not be answered by the other one.
    body = "sys.stdout.write(json.dumps({'verdict': 'valid', 'id': 'static/a/b'}) + '\\n')\n    "
    body += say('{"verdict":"valid","id":"static/late"}')
    async with open_program(command(tmp_path, body), 10.0) as one:
        await one.ask(CASE)
        assert "it is about 'static/late'" in await failure(one)
