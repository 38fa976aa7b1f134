// SPDX-License-Identifier: MIT
// EXTCODESIZE, EXTCODEHASH and the first word of EXTCODECOPY for every address in calldata.
object "Codes" {
  code {
    let out := 0
    for { let at := 0 } lt(at, calldatasize()) { at := add(at, 32) } {
      let target := calldataload(at)
      mstore(out, extcodesize(target))
      mstore(add(out, 32), extcodehash(target))
      extcodecopy(target, add(out, 64), 0, 32)
      out := add(out, 96)
    }
    log0(0, out)
  }
}
