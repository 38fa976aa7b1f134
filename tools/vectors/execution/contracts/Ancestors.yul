// SPDX-License-Identifier: MIT
// BLOCKHASH of every number in calldata.
object "Ancestors" {
  code {
    for { let at := 0 } lt(at, calldatasize()) { at := add(at, 32) } {
      mstore(at, blockhash(calldataload(at)))
    }
    log0(0, calldatasize())
  }
}
