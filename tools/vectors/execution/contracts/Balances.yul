// SPDX-License-Identifier: MIT
// Logs the balance of every account in calldata.
object "Balances" {
  code {
    for { let at := 0 } lt(at, calldatasize()) { at := add(at, 32) } {
      mstore(at, balance(calldataload(at)))
    }
    log0(0, calldatasize())
  }
}
