// SPDX-License-Identifier: MIT
// Transient storage (EIP-1153). Without calldata: writes, reads in a call, loses what a revert
// undoes.
object "Transient" {
  code {
    function report() {
      mstore(0, tload(1))
      log0(0, 32)
    }
    switch calldatasize()
    case 0 {
      tstore(1, 7)
      pop(call(gas(), address(), 0, 0, 1, 0, 0))
      pop(call(gas(), address(), 0, 0, 2, 0, 0))
      report()
    }
    case 1 { report() }
    default {
      tstore(1, 9)
      revert(0, 0)
    }
  }
}
