// Checks headers of EIP-7886 without any library, as an example of a program for
//   zkattest vectors run --filter static/header --against 'node examples/checkers/header.mjs'
// One question a line in, one verdict a line out; blocks with a body are skipped.
import { createInterface } from "node:readline";

const NAMES = `parent_hash ommers_hash coinbase pre_state_root parent_transactions_root
  parent_receipt_root parent_bloom parent_requests_hash parent_execution_reverted difficulty number
  gas_limit gas_used timestamp extra_data prev_randao nonce base_fee_per_gas withdrawals_root
  blob_gas_used excess_blob_gas parent_beacon_block_root`.split(/\s+/);
const OSAKA_NAMES = [...NAMES.filter((_, i) => i < 3), "state_root", "transactions_root",
  "receipt_root", "bloom", ...NAMES.slice(9), "requests_hash"];
// The six outputs, with the names that the claim has for them.
const OUTPUTS = [["parent_transactions_root", "deferred_transactions_root"],
  ["parent_receipt_root", "receipts_root"], ["parent_bloom", "logs_bloom"],
  ["parent_requests_hash", "requests_hash"], ["pre_state_root", "post_state_root"],
  ["parent_execution_reverted", "execution_reverted"]];
const NO_OMMERS = "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347";
const NO_WITHDRAWALS = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421";
const BLOB = 131072n, TARGET = 6n * BLOB, MAXIMUM = 9n * BLOB, FRACTION = 5007716n;

class Skip extends Error {}
class Malformed extends Error {}  // The message is the field.
const hex = (bytes) => "0x" + Buffer.from(bytes).toString("hex");
const number = (bytes) => BigInt(bytes.length ? hex(bytes) : 0);
const read = (text) => {
  if (typeof text !== "string") throw new Skip("bytes in pieces");
  return Buffer.from(text.slice(2), "hex");
};
const refuse = (reason, operands) => ({ verdict: "invalid", reason, operands });

function items(bytes) {  // The items one after another: [isList, payload, all of its bytes].
  const found = [];
  for (let at = 0, end; at < bytes.length; at = end) {
    const first = bytes[at], isList = first >= 0xc0, short = first - (isList ? 0xc0 : 0x80);
    const head = first < 0x80 ? 0 : short > 55 ? short - 54 : 1;
    const length = bytes.subarray(at + 1, at + head), size = Number(number(length));
    end = at + head + (first < 0x80 ? 1 : short > 55 ? size : short);
    const isLong = short > 55 && first >= 0x80 && (length[0] === 0 || size < 56);
    if (end > bytes.length || isLong || (first === 0x81 && bytes[at + 1] < 0x80))
      throw new Malformed("header");
    found.push([isList, bytes.subarray(at + head, end), bytes.subarray(at, end)]);
  }
  return found;
}

function field(name, [isList, payload, whole]) {
  const check = (isRight, value) => {
    if (!isRight || isList) throw new Malformed(name);
    return value;
  };
  if (name === "parent_execution_reverted")
    return check(whole.length === 1 && (whole[0] === 1 || whole[0] === 0x80), whole[0] === 1);
  if (/difficulty|number|gas|timestamp/.test(name)) {
    const most = name === "difficulty" ? 32 : 8;
    return check(payload.length <= most && payload[0] !== 0, number(payload));
  }
  const size = { coinbase: 20, nonce: 8, bloom: 256, parent_bloom: 256 }[name] ?? 32;
  return check(name === "extra_data" || payload.length === size, hex(payload));
}

function header(bytes, forks) {
  const list = items(bytes), fields = list.length === 1 && list[0][0] ? items(list[0][1]) : [];
  const names = forks.find((known) => known.length === fields.length);
  if (!names) throw new Malformed("header");
  return Object.fromEntries(names.map((name, i) => [name, field(name, fields[i])]));
}

function blockParts(bytes) {  // Header and body; what is no list of four is for others to name.
  try {
    const [block, more] = items(bytes), parts = items(block[1]);
    if (!more && block[0] && parts.length === 4 && parts.slice(1).every((p) => p[0])) return parts;
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof TypeError)) throw error;
  }
  throw new Skip("not the list that a block is");
}

function baseFee(parent, gasUsed) {  // EIP-1559
  const target = parent.gas_limit / 2n, fee = parent.base_fee_per_gas;
  if (gasUsed > target) {
    const rise = fee * (gasUsed - target) / target / 8n;
    return fee + (rise || 1n);
  }
  return gasUsed === target ? fee : fee - fee * (target - gasUsed) / target / 8n;
}

function blobPrice(excess) {  // EIP-4844; above 2**256 the exact price does not matter
  if (excess > 178n * FRACTION) return 1n << 256n;
  let sum = 0n;
  for (let i = 1n, term = FRACTION; term > 0n; i++) {
    sum += term;
    term = term * excess / (FRACTION * i);
  }
  return sum / FRACTION;
}

function excessBlobGas(parent) {  // EIP-4844, EIP-7918
  const { excess_blob_gas: excess, blob_gas_used: used } = parent;
  if (excess + used < TARGET) return 0n;
  const isReserved = 8192n * parent.base_fee_per_gas > BLOB * blobPrice(excess);
  return isReserved ? excess + used * 3n / 9n : excess + used - TARGET;
}

function check({ block, parent_header: parentBytes, parent_claim: claim, versioned_hashes }) {
  if (parentBytes === null) return { verdict: "cannot_check", cause: "missing_parent" };
  const [head, ...lists] = blockParts(read(block));
  if (lists.some(([, payload]) => payload.length)) throw new Skip("a body");
  let h, parent;
  try {
    h = header(head[2], [NAMES]);
    parent = header(read(parentBytes), [NAMES, OSAKA_NAMES]);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    if (h) return { verdict: "cannot_check", cause: "unreadable_input" };
    return refuse("malformed_header", { field: error.message });
  }
  const parentHash = keccak256(read(parentBytes));
  const ownOutputs = { deferred_transactions_root: "transactions_root",
    receipts_root: "receipt_root", transactions_root: "transactions_root", logs_bloom: "bloom",
    requests_hash: "requests_hash", post_state_root: "state_root" };
  const isOther = "state_root" in parent && (claim.execution_reverted ||
    Object.entries(ownOutputs).some(([ours, theirs]) => claim[ours] !== parent[theirs]));
  if (claim.block_hash !== parentHash || isOther)
    return { verdict: "cannot_check", cause: "missing_parent" };

  const extra = (h.extra_data.length - 2) / 2, step = parent.gas_limit / 1024n;
  const moved = h.gas_limit - parent.gas_limit;
  const fee = baseFee(parent, claim.execution_reverted ? 0n : parent.gas_used);
  const excess = excessBlobGas(parent), expect = (got, expected) => ({ got, expected });
  const rules = [
    [extra > 32, "extra_data_too_long", { got: extra, limit: 32 }],
    [h.difficulty !== 0n, "difficulty_not_zero", { got: h.difficulty }],
    [number(read(h.nonce)) !== 0n, "header_nonce_not_zero", { got: h.nonce }],
    [h.ommers_hash !== NO_OMMERS, "ommers_hash_mismatch", expect(h.ommers_hash, NO_OMMERS)],
    [h.number !== parent.number + 1n, "number_mismatch", expect(h.number, parent.number + 1n)],
    [h.parent_hash !== parentHash, "parent_hash_mismatch", expect(h.parent_hash, parentHash)],
    [h.timestamp <= parent.timestamp, "timestamp_not_after_parent",
      { got: h.timestamp, parent: parent.timestamp }],
    [moved >= step || -moved >= step, "gas_limit_step_too_large",
      { got: h.gas_limit, parent: parent.gas_limit, limit: step }],
    [h.gas_limit < 5000n, "gas_limit_below_minimum", { got: h.gas_limit, limit: 5000 }],
    [h.gas_used > h.gas_limit, "gas_used_exceeds_gas_limit",
      { got: h.gas_used, limit: h.gas_limit }],
    [h.base_fee_per_gas !== fee, "base_fee_mismatch", expect(h.base_fee_per_gas, fee)],
    [h.blob_gas_used > MAXIMUM, "blob_gas_used_exceeds_maximum",
      { got: h.blob_gas_used, limit: MAXIMUM }],
    [h.excess_blob_gas !== excess, "excess_blob_gas_mismatch", expect(h.excess_blob_gas, excess)],
    ...OUTPUTS.map(([ours, theirs]) =>
      [h[ours] !== claim[theirs], `${ours}_mismatch`, expect(h[ours], claim[theirs])]),
    [h.withdrawals_root !== NO_WITHDRAWALS, "withdrawals_root_mismatch",
      expect(h.withdrawals_root, NO_WITHDRAWALS)],
    [versioned_hashes.length > 0, "versioned_hashes_mismatch",
      expect(0, versioned_hashes.length)],
    [h.blob_gas_used !== 0n, "blob_gas_used_mismatch", expect(h.blob_gas_used, 0)],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken) return refuse(broken[1], broken[2]);
  const notices = h.gas_used === 0n ? [] :
    [{ notice: "certain_revert", operands: { got: h.gas_used, limit: 0 } }];
  return { verdict: "valid", block_hash: keccak256(head[2]), notices };
}

function keccak256(data) {  // Keccak with the padding 0x01, over lanes of 64 bits
  const MASK = (1n << 64n) - 1n, RATE = 136;
  const turn = (lane, by) => ((lane << by) | (lane >> (64n - by))) & MASK;
  const padded = Buffer.alloc((Math.floor(data.length / RATE) + 1) * RATE);
  padded.set(data);
  padded[data.length] ^= 0x01;
  padded[padded.length - 1] ^= 0x80;
  let lanes = new Array(25).fill(0n);
  for (let start = 0; start < padded.length; start += RATE) {
    for (let i = 0; i < RATE / 8; i++) lanes[i] ^= padded.readBigUInt64LE(start + 8 * i);
    for (let round = 0, register = 1; round < 24; round++) {
      const column = [0, 1, 2, 3, 4].map((x) =>
        lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]);
      lanes = lanes.map((lane, i) =>
        lane ^ column[(i + 4) % 5] ^ turn(column[(i + 1) % 5], 1n));
      const moved = [...lanes];
      for (let t = 0, x = 1, y = 0; t < 24; t++) {
        const lane = lanes[x + 5 * y];
        [x, y] = [y, (2 * x + 3 * y) % 5];
        moved[x + 5 * y] = turn(lane, BigInt(((t + 1) * (t + 2)) / 2 % 64));
      }
      lanes = moved.map((lane, i) => {
        const row = i - (i % 5);
        return lane ^ (~moved[row + ((i + 1) % 5)] & MASK & moved[row + ((i + 2) % 5)]);
      });
      for (let j = 0; j <= 6; j++) {  // The round's constant comes out of a register of 8 bits.
        if (register & 1) lanes[0] ^= 1n << BigInt((1 << j) - 1);
        register = (register << 1) ^ (register & 0x80 ? 0x171 : 0);
      }
    }
  }
  const out = Buffer.alloc(32);
  lanes.slice(0, 4).forEach((lane, i) => out.writeBigUInt64LE(lane, 8 * i));
  return hex(out);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, runner, input } = JSON.parse(line);
  let answer;
  try {
    answer = runner === "static" ? check(input) : { verdict: "skipped" };
  } catch (error) {
    if (!(error instanceof Skip)) throw error;
    answer = { verdict: "skipped" };
  }
  const plain = (_, value) => (typeof value === "bigint" ? String(value) : value);
  process.stdout.write(JSON.stringify({ id, ...answer }, plain) + "\n");
}
