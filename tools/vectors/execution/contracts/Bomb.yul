// SPDX-License-Identifier: MIT
// Fails and gives back as many zero bytes as calldata says.
object "Bomb" {
  code { revert(0, calldataload(0)) }
}
