"""Build the recorded chain and write it, file by file, bit for bit the same each time."""

import json
from pathlib import Path
from typing import Any

from tools.chain import genesis
from tools.chain.files import Case, dump_yaml, write_atomically
from tools.chain.plan import BlockPlan
from tools.chain.story import story
from zkattest.crypto.builder import BuiltBlock, ChainBuilder


def chain_files() -> dict[str, bytes]:
    """Build every file that does not depend on proofs, by its path inside the chain's folder."""
    description = genesis.as_json()
    builder = ChainBuilder(description)
    header, claim = builder.head()
    anchor = {"header": "0x" + header.hex(), "claim": "0x" + claim.hex()}
    files = {"genesis.json": render_json({**description, "anchor": anchor})}
    for number, plan in enumerate(story(), start=1):
        built = builder.build_block(plan.as_json(number))
        directory = f"{number:04}_{plan.name}"
        files[f"{directory}/block.ssz"] = built.package
        files[f"{directory}/claim.ssz"] = built.claim
        files[f"{directory}/meta.yaml"] = dump_yaml(describe(plan, built))
    return files


def describe(plan: BlockPlan, built: BuiltBlock) -> dict[str, Any]:
    """Describe one case: what it holds and what the parts of the product must say of it."""
    summary = built.summary
    revert = summary["revert"]
    return {
        "name": plan.name,
        "summary": plan.summary,
        "profile": "strict",
        "block": {
            "number": summary["number"],
            "hash": summary["block_hash"],
            "transaction_types": [type_byte(raw) for raw in plan.transactions],
            "withdrawals": len(plan.withdrawals),
            "declared_gas": summary["declared_gas"],
            "gas_used": summary["gas_used"],
            "base_fee_per_gas": summary["base_fee_per_gas"],
            "package_bytes": len(built.package),
        },
        "expected": {
            "static": "valid",
            "parent": "proven",
            "execution_reverted": revert is not None,
            "revert": revert,
            "receipts": [
                {
                    "type": receipt["tx_type"],
                    "succeeded": receipt["succeeded"],
                    "cumulative_gas": receipt["cumulative_gas"],
                    "logs": receipt["logs"],
                }
                for receipt in summary["receipts"]
            ],
        },
        "witness": summary["witness"],
        "proof": None,
    }


def type_byte(raw: bytes) -> int:
    """Read the type of a canonical transaction; legacy ones begin as a list does."""
    return raw[0] if raw[0] < 0x7F else 0


def write_chain(chain: Path) -> list[str]:
    """Bring the folder up to date and say which files changed; proofs of unchanged blocks stay."""
    files = chain_files()
    changed = []
    for name, content in files.items():
        path = chain / name
        if path.name == "meta.yaml":
            content = keep_proof_record(path, content, files)
        if not path.exists() or path.read_bytes() != content:
            write_atomically(path, content)
            changed.append(name)
    changed += remove_stale(chain, files)
    return changed


def keep_proof_record(path: Path, content: bytes, files: dict[str, bytes]) -> bytes:
    """Carry over what the recording wrote, unless the block is another one now."""
    case = Case(path.parent)
    new_block = files[f"{path.parent.name}/block.ssz"]
    if not (case.meta.exists() and case.block.exists() and case.block.read_bytes() == new_block):
        return content
    return with_proof_record(content, case.read_meta().get("proof"))


def with_proof_record(content: bytes, record: dict[str, Any] | None) -> bytes:
    """Put the record of a proof into a description that has none yet."""
    head, marker, _ = content.partition(b"proof: null\n")
    if not marker:
        raise ValueError("the description does not end with an empty proof record")
    return head + dump_yaml({"proof": record})


def remove_stale(chain: Path, files: dict[str, bytes]) -> list[str]:
    """Remove blocks that are no longer told, and proofs of blocks that are others now."""
    told = {Path(name).parts[0] for name in files}
    stale = []
    for directory in chain.glob("[0-9][0-9][0-9][0-9]_*"):
        gone = directory.name not in told
        stale += [path for path in sorted(directory.iterdir()) if gone]
    for path in stale:
        path.unlink()
    for directory in {path.parent for path in stale}:
        directory.rmdir()
    return [str(path.relative_to(chain)) for path in stale]


def render_json(value: Any) -> bytes:
    """Render JSON for people and for comparison."""
    return (json.dumps(value, indent=1) + "\n").encode()
