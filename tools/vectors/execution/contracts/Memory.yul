// SPDX-License-Identifier: MIT
// MCOPY (EIP-5656): takes a word and copies it over itself, one byte up and one byte down.
object "Memory" {
  code {
    mstore(0, calldataload(0))
    mcopy(1, 0, 32)
    log0(0, 33)
    mstore(64, calldataload(0))
    mcopy(63, 64, 32)
    log0(63, 33)
    // Nothing is copied from far away, and memory does not grow.
    mcopy(0, not(0), 0)
    mstore(0, msize())
    log0(0, 32)
  }
}
