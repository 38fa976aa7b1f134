"""What the README and the page about embedding show works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from zkattest import PublicValues, verify_proof
from zkattest.node.config_service import load_engine_config
from zkattest.node.registry_file import load_registry
from zkattest.types.ids import Root
from zkattest.types.programs import EntryId

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [(ROOT / name).read_text() for name in ("README.md", "docs/embedding.md")]
EXAMPLES = [
    example
    for text in TEXTS
    for example in re.findall(r"^```python\n(.*?)^```$", text, re.DOTALL | re.M)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_readme_example__runs(example: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # A comment behind a call names what it shows.
    shown = re.findall(r"(?:print|start_soon)\(.*\)  # (.+)$", example, re.MULTILINE)
    assert [text for text in shown if text not in done.stdout] == []


def test_readme__has_an_example() -> None:
    assert EXAMPLES


def test_engine_page__asks_about_a_block_that_is_there(tmp_path: Path) -> None:
    page = (ROOT / "docs/operators/engine.md").read_text()
    config = re.search(r"^cat > try\.toml <<'END'\n(.*?)^END$", page, re.DOTALL | re.MULTILINE)
    asked = re.search(r"@(vectors/\S+) .*?proof_type=(\S+?)&\w+=(0x[0-9a-f]{64})", page, re.DOTALL)
    assert config is not None
    assert asked is not None
    path = tmp_path / "try.toml"
    path.write_text(config[1])
    engine = load_engine_config(path).engine
    registry = load_registry(engine.registry.path).registry
    entry = registry.entries[EntryId(asked[2])]
    assert entry.id in registry.profiles[engine.registry.profile].proof_types.values()
    proven = verify_proof((ROOT / asked[1]).read_bytes(), entry.program_vk, system=entry.system)
    expected = PublicValues(
        Root.from_hex(asked[3]), valid=True, chain_id=engine.chain_id, schema_id=engine.schema_id
    )
    assert PublicValues.decode(proven.public_values) == expected
