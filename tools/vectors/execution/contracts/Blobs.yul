// SPDX-License-Identifier: MIT
// BLOBHASH (EIP-4844) at 0, 1 and 7, and BLOBBASEFEE (EIP-7516).
object "Blobs" {
  code {
    mstore(0, blobhash(0))
    mstore(32, blobhash(1))
    mstore(64, blobhash(7))
    mstore(96, blobbasefee())
    log0(0, 128)
  }
}
