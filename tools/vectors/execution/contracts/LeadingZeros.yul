// SPDX-License-Identifier: MIT
// CLZ (EIP-7939) of every word of calldata.
object "LeadingZeros" {
  code {
    for { let at := 0 } lt(at, calldatasize()) { at := add(at, 32) } {
      mstore(at, clz(calldataload(at)))
    }
    log0(0, calldatasize())
  }
}
