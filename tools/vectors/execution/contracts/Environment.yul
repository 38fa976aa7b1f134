// SPDX-License-Identifier: MIT
// What a call sees around it.
object "Environment" {
  code {
    mstore(0, address())
    mstore(32, caller())
    mstore(64, origin())
    mstore(96, callvalue())
    mstore(128, coinbase())
    mstore(160, number())
    mstore(192, timestamp())
    mstore(224, prevrandao())
    mstore(256, gaslimit())
    mstore(288, chainid())
    mstore(320, basefee())
    mstore(352, gasprice())
    mstore(384, selfbalance())
    log0(0, 416)
  }
}
