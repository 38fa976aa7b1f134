// Answers the `ssz` vectors of EIP-8025 without a library: bytes of messages, and their roots.
//
//   zkattest vectors run vectors/eip8025 --filter /ssz/ \
//     --against 'node examples/checkers/proof-roots.mjs'
//
// JSON of the Beacon API and whole payload requests are skipped.

import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

const CHUNK = 32;
const ZERO = Buffer.alloc(CHUNK);
const MAX_BLOBS = 4096;

// What a profile's message is made of: parts of fixed size, and where the proof begins.
const PROFILES = {
  "teku-subnet": { kind: "subnet", maxProof: 1 << 20, head: 84 },
  "fulu-devnet": { kind: "signed", binding: ["public_input"], maxProof: 400 << 10, head: 145 },
  "gloas-aug": { kind: "signed", binding: ["public_input"], maxProof: 4 << 20, head: 145 },
  cs5566: { kind: "signed", binding: ["beacon_block_root"], maxProof: 4 << 20, head: 145 },
  beta4: { kind: "signed", binding: ["beacon_block_root"], maxProof: 4 << 20, head: 145 },
  eip8440: {
    kind: "signed",
    binding: ["origin_block_root", "head_block_root"],
    maxProof: 4 << 20,
    head: 177,
  },
};

class Refused extends Error {}

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const hex = (data) => "0x" + data.toString("hex");
const fromHex = (text) => Buffer.from(text.slice(2), "hex");

// --- values of vectors ---

function readBytes(value) {
  if (typeof value === "string") return fromHex(value);
  return Buffer.concat(value.map(readPiece));
}

function readPiece(piece) {
  if (typeof piece === "string") return fromHex(piece);
  if ("times" in piece) {
    const run = fromHex(piece.repeat);
    return Buffer.alloc(run.length * piece.times, run);
  }
  const blocks = [];
  for (let number = 0; number * CHUNK < piece.bytes; number++) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64LE(BigInt(number));
    blocks.push(sha256(fromHex(piece.sha256), counter));
  }
  return Buffer.concat(blocks).subarray(0, piece.bytes);
}

// --- roots ---

function chunks(data) {
  const found = [];
  for (let at = 0; at < data.length; at += CHUNK) {
    const chunk = data.subarray(at, at + CHUNK);
    found.push(chunk.length === CHUNK ? chunk : Buffer.concat([chunk, ZERO], CHUNK));
  }
  return found;
}

function merkleize(leaves, limit) {
  let nodes = leaves;
  let empty = ZERO;
  for (let width = 1; width < limit; width *= 2) {
    const next = [];
    for (let at = 0; at < nodes.length; at += 2) {
      next.push(sha256(nodes[at], nodes[at + 1] ?? empty));
    }
    nodes = next;
    empty = sha256(empty, empty);
  }
  return nodes[0] ?? empty;
}

// Trees of 1, 4, 16, … leaves, each beside all that follow.
function merkleizeProgressive(leaves, room = 1) {
  if (leaves.length === 0) return ZERO;
  const rest = merkleizeProgressive(leaves.slice(room), room * 4);
  return sha256(merkleize(leaves.slice(0, room), room), rest);
}

function uint(value) {
  const leaf = Buffer.alloc(CHUNK);
  leaf.writeBigUInt64LE(BigInt(value));
  return leaf;
}

function listRoot(leaves, length, kind, limit) {
  const isList = kind === "list";
  const tree = isList ? merkleize(leaves, limit) : merkleizeProgressive(leaves);
  return sha256(tree, uint(length));
}

const container = (...roots) => merkleize(roots, roots.length);
const progressiveContainer = (...roots) =>
  sha256(merkleizeProgressive(roots), uint(2 ** roots.length - 1));

const proofRoot = (proof, profile, rules) =>
  listRoot(chunks(proof), proof.length, profile.proof_data, rules.maxProof / CHUNK);

// --- messages ---

function decodeMessage(data, profile) {
  const rules = PROFILES[profile.preset];
  const limit = rules.maxProof + rules.head;
  if (data.length > limit) {
    return refusal("message_too_large", { got: data.length, limit });
  }
  try {
    const read = rules.kind === "subnet" ? readSubnet : readSigned;
    const found = read(data, profile, rules);
    if (found.proof_bytes > 1024) delete found.message;
    return { verdict: "valid", ...found };
  } catch (error) {
    if (error instanceof Refused) return refusal("malformed_message");
    throw error;
  }
}

function requireHead(data, rules) {
  if (data.length < rules.head) throw new Refused();
}

function readSubnet(data, profile, rules) {
  requireHead(data, rules);
  if (data.readUInt32LE(80) !== rules.head) throw new Refused();
  const [block, hash, proof] = [data.subarray(0, 32), data.subarray(32, 64), data.subarray(84)];
  const [subnet, version] = [data.readBigUInt64LE(64), data.readBigUInt64LE(72)];
  return {
    message_root: hex(
      container(block, hash, uint(subnet), uint(version), proofRoot(proof, profile, rules)),
    ),
    proof_bytes: proof.length,
    message: {
      block_root: hex(block),
      block_hash: hex(hash),
      subnet_id: String(subnet),
      version: String(version),
      proof_data: hex(proof),
    },
  };
}

function readSigned(data, profile, rules) {
  requireHead(data, rules);
  const content = data.subarray(108);
  const fixed = rules.head - 108;
  if (data.readUInt32LE(0) !== 108 || content.readUInt32LE(0) !== fixed) throw new Refused();
  const [type, proof] = [content[4], content.subarray(fixed)];
  const roots = chunks(content.subarray(5, fixed));
  const binding = rules.binding.map((name, at) =>
    name === "public_input"
      ? [name, { new_payload_request_root: hex(roots[at]) }]
      : [name, hex(roots[at])],
  );
  const [index, signature] = [data.readBigUInt64LE(4), data.subarray(12, 108)];
  // A container of one field has the root of that field.
  const root = container(proofRoot(proof, profile, rules), uint(type), ...roots);
  const proven = { proof_data: hex(proof), proof_type: String(type) };
  const words = { ...proven, ...Object.fromEntries(binding) };
  return {
    message_root: hex(container(root, uint(index), merkleize(chunks(signature), 3))),
    content_root: hex(root),
    proof_bytes: proof.length,
    message: { message: words, validator_index: String(index), signature: hex(signature) },
  };
}

// --- what proofs are about ---

function publicInput(data, profile) {
  const size = { "fulu-devnet": 32, "gloas-aug": 32, eip8440: 74 }[profile.preset] ?? 43;
  if (data.length !== size) return refusal("malformed_public_values");
  const root = data.subarray(0, 32);
  if (size === 32) {
    return { verdict: "valid", root: hex(root), value: { new_payload_request_root: hex(root) } };
  }
  const chain = data.readBigUInt64LE(size - 10);
  const schema = data.readUInt16LE(size - 2);
  const numbers = { chain_id: String(chain), schema_id: String(schema) };
  if (size === 74) {
    const head = data.subarray(32, 64);
    const value = { origin_block_root: hex(root), head_block_root: hex(head), ...numbers };
    const all = progressiveContainer(root, head, uint(chain), uint(schema));
    return { verdict: "valid", root: hex(all), value };
  }
  if (data[32] > 1) return refusal("malformed_public_values");
  const value = { root: hex(root), valid: data[32] === 1, ...numbers };
  const all = progressiveContainer(root, uint(data[32]), uint(chain), uint(schema));
  return { verdict: "valid", root: hex(all), value };
}

function requestRoot(input, profile) {
  const hashes = input.versioned_hashes.map(fromHex);
  const hashesRoot = listRoot(hashes, hashes.length, profile.versioned_hashes, MAX_BLOBS);
  const join = profile.new_payload_request === "container" ? container : progressiveContainer;
  const payload = fromHex(input.execution_payload_root);
  const parent = fromHex(input.parent_beacon_block_root);
  const requests = fromHex(input.execution_requests_root);
  return { verdict: "valid", root: hex(join(payload, hashesRoot, parent, requests)) };
}

// --- questions ---

function refusal(reason, operands = {}) {
  return { verdict: "invalid", reason, operands };
}

function answer({ runner, profile, input }) {
  if (runner === "ssz") {
    if (input.task === "decode_message") return decodeMessage(readBytes(input.ssz), profile);
    if (input.task === "public_input") return publicInput(readBytes(input.ssz), profile);
    if (input.task === "request_from_roots") return requestRoot(input, profile);
  }
  return { verdict: "skipped" };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(answer(JSON.parse(line))) + "\n");
}
