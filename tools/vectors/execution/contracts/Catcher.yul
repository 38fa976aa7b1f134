// SPDX-License-Identifier: MIT
// Calls a target with one word and logs success and length of the answer.
// Calldata: target, word, gas, how much of the answer to copy (0: nothing).
object "Catcher" {
  code {
    mstore(0, calldataload(32))
    let ok := call(calldataload(64), calldataload(0), 0, 0, 32, 0, 0)
    let size := calldataload(96)
    if size { returndatacopy(64, 0, size) }
    mstore(0, ok)
    mstore(32, returndatasize())
    log0(0, 64)
  }
}
