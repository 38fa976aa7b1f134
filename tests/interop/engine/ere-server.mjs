// Answer as an ere-server does, with libraries of other makes: node:http and protobufjs.
// Nothing is proven or verified: answers are made of what was asked, so that a test can tell.
// Arguments: a JSON object with proto (a file). Prints the port, and ends with standard input.
import { createServer } from "node:http";
import protobuf from "protobufjs";

const { proto } = JSON.parse(process.argv[2]);
const types = await protobuf.load(proto);
const reversed = (data) => Buffer.from(data).reverse();
const methods = {
  ProgramVk: () => ({ ok: { programVk: Buffer.alloc(32, 7) } }),
  Verify: ({ proof }) =>
    proof.length ? { ok: { publicValues: reversed(proof) } } : { err: "an empty proof" },
  Execute: ({ inputStdin }) => ({
    ok: { publicValues: reversed(inputStdin), durationNanos: 5_000_000_000 },
  }),
  Prove: ({ inputStdin, inputProofs }) => ({
    ok: { publicValues: inputStdin, proof: reversed(inputProofs), durationNanos: 1 },
  }),
};

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const method = request.url.replace("/twirp/api.ZkvmService/", "");
  if (request.method !== "POST" || !(method in methods)) {
    response.writeHead(404, { "content-type": "application/json" });
    response.end(JSON.stringify({ code: "bad_route", msg: `no method ${request.url}` }));
    return;
  }
  const fields = types.lookupType(`api.${method}Request`).decode(Buffer.concat(chunks));
  const type = types.lookupType(`api.${method}Response`);
  response.writeHead(200, { "content-type": "application/protobuf" });
  response.end(type.encode(type.fromObject(methods[method](fields))).finish());
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.stdin.resume().on("end", () => process.exit(0));
