// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Ends itself on demand.
contract Mortal {
    uint256 public number; // slot 0

    constructor(uint256 first) payable {
        number = first;
    }

    receive() external payable {}

    function end(address payable heir) external {
        selfdestruct(heir);
    }
}
