// SPDX-License-Identifier: MIT
// Calls itself as often as calldata's first word says. The deepest frame writes slot 0 and ends as
// the second word says: 0 well, 1 by REVERT, 2 by INVALID, 3 in an endless loop.
object "Descend" {
  code {
    let depth := calldataload(0)
    if iszero(depth) {
      sstore(0, 1)
      switch calldataload(32)
      case 0 { stop() }
      case 1 { revert(0, 0) }
      case 2 { invalid() }
      default { for {} 1 {} { pop(keccak256(0, 0x8000)) } }
    }
    mstore(0, sub(depth, 1))
    mstore(32, calldataload(32))
    let ok := call(gas(), address(), 0, 0, 64, 0, 0)
    if iszero(ok) {
      // Leave a mark where the failure was caught.
      sstore(add(depth, 1), 1)
    }
  }
}
