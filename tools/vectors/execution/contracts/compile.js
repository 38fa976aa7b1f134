// Compiles every source of this folder and writes initcode and runtime of each contract as JSON.
// Usage: NODE_PATH=<folder with solc> node compile.js <folder with the sources>
"use strict";

const fs = require("fs");
const path = require("path");
const solc = require("solc");

const CODES = ["evm.bytecode.object", "evm.deployedBytecode.object"];

function compile(language, folder, name) {
  const input = {
    language,
    sources: { [name]: { content: fs.readFileSync(path.join(folder, name), "utf8") } },
    settings: {
      evmVersion: "osaka",
      optimizer: { enabled: language === "Solidity", runs: 200 },
      outputSelection: { "*": { "*": CODES } },
    },
  };
  if (language === "Solidity") {
    // No metadata: its hash would change with every comment.
    input.settings.metadata = { bytecodeHash: "none", appendCBOR: false };
  }
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors || []).filter((error) => error.severity === "error");
  if (errors.length) throw new Error(errors[0].formattedMessage);
  return output.contracts[name];
}

function main() {
  const folder = process.argv[2];
  const compiled = { compiler: solc.version(), contracts: {} };
  for (const name of fs.readdirSync(folder).sort()) {
    const language = { ".sol": "Solidity", ".yul": "Yul" }[path.extname(name)];
    if (!language) continue;
    for (const [contract, code] of Object.entries(compile(language, folder, name))) {
      const initcode = code.evm.bytecode.object;
      if (!initcode) continue; // an interface
      // A Yul object here is its own runtime code.
      const runtime = language === "Yul" ? initcode : code.evm.deployedBytecode.object;
      compiled.contracts[contract] = { initcode, runtime };
    }
  }
  process.stdout.write(JSON.stringify(compiled, null, 1) + "\n");
}

main();
