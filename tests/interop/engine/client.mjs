// Ask a proof engine with libraries of other makes: fetch, eventsource, protobufjs.
// Arguments: a JSON object with url, program, root, proof (a file), proto (a file).
// Prints one JSON object: what each question was answered with.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { EventSource } from "eventsource";
import protobuf from "protobufjs";

const asked = JSON.parse(process.argv[2]);
const proof = await readFile(asked.proof);
const said = {};

const json = async (answer) => ({ status: answer.status, body: await answer.json() });
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

// zkboost: subscribe, verify, hear of it, download.
const events = `${asked.url}/v1/execution_proof_requests?new_payload_request_root=${asked.root}`;
const heard = new Promise((resolve, reject) => {
  const source = new EventSource(events);
  const end = (value) => { source.close(); resolve(value); };
  source.addEventListener("proof_complete", (event) => end(JSON.parse(event.data)));
  source.addEventListener("proof_failure", (event) => end(JSON.parse(event.data)));
  source.addEventListener("error", (event) => { source.close(); reject(new Error(event.message)); });
});
const query = new URLSearchParams({
  new_payload_request_root: asked.root,
  proof_type: asked.program,
});
said.zkboost = await json(
  await fetch(`${asked.url}/v1/execution_proof_verifications?${query}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: proof,
  }),
);
said.event = await heard;
const kept = await fetch(`${asked.url}/v1/execution_proofs/${asked.root}/${asked.program}`);
said.kept = { status: kept.status, sha256: sha256(Buffer.from(await kept.arrayBuffer())) };

// ere: the messages as its .proto file declares them.
const types = await protobuf.load(asked.proto);
const call = async (method, fields) => {
  const request = types.lookupType(`api.${method}Request`);
  const answer = await fetch(`${asked.url}/twirp/api.ZkvmService/${method}`, {
    method: "POST",
    headers: { "content-type": "application/protobuf" },
    body: request.encode(request.create(fields)).finish(),
  });
  if (!answer.ok) return json(answer);
  const response = types.lookupType(`api.${method}Response`);
  const decoded = response.decode(new Uint8Array(await answer.arrayBuffer()));
  return { status: answer.status, body: response.toObject(decoded, { bytes: String }) };
};
said.verify = await call("Verify", { proof });
said.program_vk = await call("ProgramVk", {});
said.execute = await call("Execute", { inputStdin: Buffer.from([1]), inputProofs: Buffer.from([]) });

// JSON-RPC: a batch, one call of which is a notification.
said.rpc = await json(
  await fetch(asked.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      { jsonrpc: "2.0", id: 1, method: "zk_getProofTypes", params: [] },
      { jsonrpc: "2.0", method: "zk_getProofTypes", params: [] },
      { jsonrpc: "2.0", id: "two", method: "eth_verifyProof", params: [{
        proofType: "0x1",
        proofData: "0x" + proof.toString("hex"),
        publicInput: { newPayloadRequestRoot: asked.root },
      }] },
    ]),
  }),
);
console.log(JSON.stringify(said));
