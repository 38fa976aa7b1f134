// SPDX-License-Identifier: MIT
// Logs calldata as mainnet's deposit contract logs a deposit (EIP-6110).
object "Deposits" {
  code {
    calldatacopy(0, 0, calldatasize())
    log1(0, calldatasize(), 0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5)
  }
}
