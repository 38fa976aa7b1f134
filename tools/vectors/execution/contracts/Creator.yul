// SPDX-License-Identifier: MIT
// CREATE with calldata as initcode; logs the address. As a delegate it moves its account's nonce.
object "Creator" {
  code {
    calldatacopy(0, 0, calldatasize())
    let child := create(callvalue(), 0, calldatasize())
    mstore(0, child)
    log0(0, 32)
  }
}
