// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

interface IERC20 {
    function transfer(address receiver, uint256 amount) external returns (bool);
    function transferFrom(address holder, address receiver, uint256 amount)
        external
        returns (bool);
}

/// @title Pool of two tokens with a constant product and a fee of 3/1000.
contract Pair {
    error Locked();
    error Expired();
    error ReserveOverflow();
    error InsufficientOutput(uint256 output, uint256 least);
    error InsufficientLiquidity();
    error UnknownToken(address token);

    event Sync(uint112 reserve0, uint112 reserve1);
    event Mint(address indexed sender, uint256 amount0, uint256 amount1, uint256 shares);
    event Burn(address indexed sender, uint256 amount0, uint256 amount1, uint256 shares);
    event Swap(
        address indexed sender,
        address indexed receiver,
        address token,
        uint256 offered,
        uint256 output
    );

    uint256 public constant LOCKED_SHARES = 1000;

    address public token0; // slot 0
    address public token1; // slot 1
    uint112 public reserve0; // slot 2, lowest bits
    uint112 public reserve1;
    uint32 public updatedAt; // slot 2, highest bits
    uint256 public totalShares; // slot 3
    mapping(address => uint256) public sharesOf; // slot 4

    bool private transient locked;

    modifier exclusive() {
        if (locked) revert Locked();
        locked = true;
        _;
        locked = false;
    }

    constructor(address first, address second) {
        token0 = first;
        token1 = second;
    }

    function addLiquidity(uint256 amount0, uint256 amount1)
        external
        exclusive
        returns (uint256 shares)
    {
        uint256 total = totalShares;
        if (total == 0) {
            shares = _sqrt(amount0 * amount1) - LOCKED_SHARES;
            sharesOf[address(0)] = LOCKED_SHARES;
            total = LOCKED_SHARES;
        } else {
            shares = _min(amount0 * total / reserve0, amount1 * total / reserve1);
        }
        if (shares == 0) revert InsufficientLiquidity();
        IERC20(token0).transferFrom(msg.sender, address(this), amount0);
        IERC20(token1).transferFrom(msg.sender, address(this), amount1);
        sharesOf[msg.sender] += shares;
        totalShares = total + shares;
        _update(reserve0 + amount0, reserve1 + amount1);
        emit Mint(msg.sender, amount0, amount1, shares);
    }

    function removeLiquidity(uint256 shares) external exclusive {
        uint256 total = totalShares;
        uint256 amount0 = shares * reserve0 / total;
        uint256 amount1 = shares * reserve1 / total;
        if (amount0 == 0 || amount1 == 0) revert InsufficientLiquidity();
        sharesOf[msg.sender] -= shares; // checked
        totalShares = total - shares;
        _update(reserve0 - amount0, reserve1 - amount1);
        IERC20(token0).transfer(msg.sender, amount0);
        IERC20(token1).transfer(msg.sender, amount1);
        emit Burn(msg.sender, amount0, amount1, shares);
    }

    function swap(
        address token,
        uint256 offered,
        uint256 least,
        address receiver,
        uint256 deadline
    )
        external
        exclusive
        returns (uint256 output)
    {
        if (block.timestamp > deadline) revert Expired();
        bool forward = token == token0;
        if (!forward && token != token1) revert UnknownToken(token);
        (uint256 reserveIn, uint256 reserveOut) = forward
            ? (uint256(reserve0), uint256(reserve1))
            : (uint256(reserve1), uint256(reserve0));
        output = quote(offered, reserveIn, reserveOut);
        if (output == 0 || output < least) revert InsufficientOutput(output, least);
        IERC20(token).transferFrom(msg.sender, address(this), offered);
        IERC20(forward ? token1 : token0).transfer(receiver, output);
        (reserveIn, reserveOut) = (reserveIn + offered, reserveOut - output);
        if (forward) _update(reserveIn, reserveOut);
        else _update(reserveOut, reserveIn);
        emit Swap(msg.sender, receiver, token, offered, output);
    }

    function quote(uint256 offered, uint256 reserveIn, uint256 reserveOut)
        public
        pure
        returns (uint256)
    {
        if (reserveIn == 0 || reserveOut == 0) revert InsufficientLiquidity();
        uint256 afterFee = offered * 997;
        return afterFee * reserveOut / (reserveIn * 1000 + afterFee);
    }

    function _update(uint256 new0, uint256 new1) private {
        if (new0 > type(uint112).max || new1 > type(uint112).max) revert ReserveOverflow();
        (reserve0, reserve1, updatedAt) = (uint112(new0), uint112(new1), uint32(block.timestamp));
        emit Sync(uint112(new0), uint112(new1));
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    /// Babylonian root, rounded down.
    function _sqrt(uint256 value) private pure returns (uint256 root) {
        if (value == 0) return 0;
        root = value;
        uint256 next = value / 2 + 1;
        while (next < root) {
            root = next;
            next = (value / next + next) / 2;
        }
    }
}
