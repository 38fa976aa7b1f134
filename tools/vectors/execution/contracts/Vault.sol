// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Holds ether for its depositors; a guard in transient storage stops reentrant calls.
contract Vault {
    error Locked();
    error PaymentFailed();

    mapping(address => uint256) public depositOf; // slot 0

    bool private transient locked;

    receive() external payable {
        depositOf[msg.sender] += msg.value;
    }

    function withdraw() external {
        if (locked) revert Locked();
        locked = true;
        uint256 amount = depositOf[msg.sender];
        // Paid before it is booked, on purpose: only the guard protects the vault.
        (bool succeeded,) = msg.sender.call{value: amount}("");
        if (!succeeded) revert PaymentFailed();
        depositOf[msg.sender] = 0;
        locked = false;
    }
}

/// @title Tries to withdraw from a vault twice.
contract Thief {
    event Tried(bool succeeded, bytes output);

    receive() external payable {
        (bool succeeded, bytes memory output) = msg.sender.call(abi.encodeCall(Vault.withdraw, ()));
        emit Tried(succeeded, output);
    }

    function deposit(address vault) external payable {
        (bool succeeded,) = vault.call{value: msg.value}("");
        require(succeeded);
    }

    function attack(Vault vault) external {
        vault.withdraw();
    }
}
