// SPDX-License-Identifier: MIT
// Makes the calls that calldata lists and logs each answer: data is what came back, topic is
// success. A record: kind (0 CALL, 1 STATICCALL, 2 DELEGATECALL, 3 CALLCODE), target, gas (0: all),
// value, length of the input, input padded to words.
object "Probe" {
  code {
    let at := 0
    for {} lt(at, calldatasize()) {} {
      let kind := calldataload(at)
      let target := calldataload(add(at, 32))
      let allowance := calldataload(add(at, 64))
      let value := calldataload(add(at, 96))
      let size := calldataload(add(at, 128))
      if iszero(allowance) { allowance := gas() }
      calldatacopy(0, add(at, 160), size)
      let ok
      switch kind
      case 0 { ok := call(allowance, target, value, 0, size, 0, 0) }
      case 1 { ok := staticcall(allowance, target, 0, size, 0, 0) }
      case 2 { ok := delegatecall(allowance, target, 0, size, 0, 0) }
      default { ok := callcode(allowance, target, value, 0, size, 0, 0) }
      returndatacopy(0, 0, returndatasize())
      log1(0, returndatasize(), ok)
      at := add(at, add(160, and(add(size, 31), not(31))))
    }
  }
}
