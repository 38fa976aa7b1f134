// SPDX-License-Identifier: MIT
// Writes the pairs of slot and value that calldata lists, and answers with address and caller.
object "Store" {
  code {
    for { let at := 0 } lt(at, calldatasize()) { at := add(at, 64) } {
      sstore(calldataload(at), calldataload(add(at, 32)))
    }
    mstore(0, address())
    mstore(32, caller())
    return(0, 64)
  }
}
