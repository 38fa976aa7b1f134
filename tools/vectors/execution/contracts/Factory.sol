// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Makes contracts at addresses that are known beforehand.
contract Factory {
    event Made(address indexed child);

    /// CREATE2; logs the zero address when the creation fails.
    function make2(bytes calldata initcode, bytes32 salt) public payable returns (address child) {
        bytes memory code = initcode;
        assembly {
            child := create2(callvalue(), add(code, 32), mload(code), salt)
        }
        emit Made(child);
    }

    /// CREATE; the address follows from the factory's nonce.
    function make(bytes calldata initcode) external payable returns (address child) {
        bytes memory code = initcode;
        assembly {
            child := create(callvalue(), add(code, 32), mload(code))
        }
        emit Made(child);
    }

    /// CREATE2 and a call of the child in the same transaction.
    function make2AndCall(bytes calldata initcode, bytes32 salt, bytes calldata input)
        external
        payable
    {
        address child = make2(initcode, salt);
        (bool succeeded,) = child.call(input);
        require(succeeded);
    }
}
