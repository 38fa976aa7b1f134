// SPDX-License-Identifier: MIT
// Sends all that the account has to the caller.
object "Drain" {
  code { pop(call(gas(), caller(), selfbalance(), 0, 0, 0, 0)) }
}
