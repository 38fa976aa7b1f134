// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Several calls in one transaction, with or without tolerance for failures.
contract Multicall {
    struct Call {
        address target;
        bool mayFail;
        uint256 value;
        bytes data;
    }

    event Answered(uint256 indexed position, bool succeeded, bytes output);

    receive() external payable {}

    /// Calls one target after another; a failure that may not happen is passed on as it is.
    function aggregate(Call[] calldata calls) external payable {
        for (uint256 position = 0; position < calls.length; ++position) {
            Call calldata one = calls[position];
            (bool succeeded, bytes memory output) = one.target.call{value: one.value}(one.data);
            if (!succeeded && !one.mayFail) _bubble(output);
            emit Answered(position, succeeded, output);
        }
    }

    /// Runs foreign code in this contract's storage, several times.
    function delegate(address library_, bytes[] calldata inputs) external payable {
        for (uint256 position = 0; position < inputs.length; ++position) {
            (bool succeeded, bytes memory output) = library_.delegatecall(inputs[position]);
            if (!succeeded) _bubble(output);
            emit Answered(position, succeeded, output);
        }
    }

    function _bubble(bytes memory output) private pure {
        assembly {
            revert(add(output, 32), mload(output))
        }
    }
}
