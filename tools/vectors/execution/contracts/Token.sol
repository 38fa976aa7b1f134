// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ERC-20 whose owner can mint.
contract Token {
    error InsufficientBalance(address holder, uint256 balance, uint256 needed);
    error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
    error NotOwner(address caller);
    error ZeroAddress();

    event Transfer(address indexed sender, address indexed receiver, uint256 value);
    event Approval(address indexed holder, address indexed spender, uint256 value);

    string public constant name = "Vector";
    string public constant symbol = "VEC";
    uint8 public constant decimals = 18;

    uint256 public totalSupply; // slot 0
    mapping(address => uint256) public balanceOf; // slot 1
    mapping(address => mapping(address => uint256)) public allowance; // slot 2
    address public owner; // slot 3

    constructor(uint256 supply) {
        owner = msg.sender;
        _mint(msg.sender, supply);
    }

    function transfer(address receiver, uint256 amount) external returns (bool) {
        _move(msg.sender, receiver, amount);
        return true;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);
        return true;
    }

    function transferFrom(address holder, address receiver, uint256 amount)
        external
        returns (bool)
    {
        uint256 allowed = allowance[holder][msg.sender];
        // The greatest number means "without limit" and is not counted down.
        if (allowed != type(uint256).max) {
            if (allowed < amount) revert InsufficientAllowance(msg.sender, allowed, amount);
            allowance[holder][msg.sender] = allowed - amount;
        }
        _move(holder, receiver, amount);
        return true;
    }

    function mint(address receiver, uint256 amount) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _mint(receiver, amount);
    }

    function burn(uint256 amount) external {
        uint256 balance = balanceOf[msg.sender];
        if (balance < amount) revert InsufficientBalance(msg.sender, balance, amount);
        balanceOf[msg.sender] = balance - amount;
        totalSupply -= amount;
        emit Transfer(msg.sender, address(0), amount);
    }

    function _mint(address receiver, uint256 amount) private {
        totalSupply += amount; // checked: the supply never overflows
        balanceOf[receiver] += amount;
        emit Transfer(address(0), receiver, amount);
    }

    function _move(address sender, address receiver, uint256 amount) private {
        if (receiver == address(0)) revert ZeroAddress();
        uint256 balance = balanceOf[sender];
        if (balance < amount) revert InsufficientBalance(sender, balance, amount);
        balanceOf[sender] = balance - amount;
        balanceOf[receiver] += amount;
        emit Transfer(sender, receiver, amount);
    }
}
