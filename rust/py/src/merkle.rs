//! SSZ Merkle trees over byte strings.

use std::sync::LazyLock;

use rayon::prelude::*;
use sha2::block_api::compress256;

const CHUNK_BYTES: usize = 32;
const PAIR_BYTES: usize = 2 * CHUNK_BYTES;
/// Pairs that one thread hashes at a time: about 0.2 ms of work.
const TASK_PAIRS: usize = 2048;
/// A tree for 2^64 chunks; no limit can ask for a deeper one.
const MAX_DEPTH: usize = 64;

/// A node of the tree.
pub(crate) type Node = [u8; CHUNK_BYTES];

/// Roots of trees of zeros, by depth.
static ZEROS: LazyLock<[Node; MAX_DEPTH + 1]> = LazyLock::new(|| {
    let mut zero = [0; CHUNK_BYTES];
    std::array::from_fn(|depth| {
        if depth > 0 {
            zero = hash_pair(&zero, &zero);
        }
        zero
    })
});

/// Return `hash_tree_root` of a `ByteList[limit_bytes]`; the caller has checked the limit.
pub(crate) fn byte_list_root(data: &[u8], limit_bytes: u64) -> Node {
    let root = merkleize(data, limit_bytes.div_ceil(CHUNK_BYTES as u64));
    mix_in_length(&root, data.len())
}

/// Merkleize `data`, cut in chunks, in a tree for `limit_chunks`; absent chunks are zero.
pub(crate) fn merkleize(data: &[u8], limit_chunks: u64) -> Node {
    let depth = limit_chunks
        .checked_next_power_of_two()
        .map_or(MAX_DEPTH, |n| n.ilog2() as usize);
    if data.is_empty() {
        return zero_at(depth);
    }
    let mut nodes = data.to_vec();
    nodes.resize(data.len().next_multiple_of(CHUNK_BYTES), 0);
    for level in 0..depth {
        if !nodes.len().is_multiple_of(PAIR_BYTES) {
            // An absent right child.
            nodes.extend_from_slice(&zero_at(level));
        }
        nodes = parents(&nodes);
    }
    nodes.first_chunk().copied().unwrap_or_default()
}

/// Mix the length of a list into the root of its elements.
pub(crate) fn mix_in_length(root: &Node, length: usize) -> Node {
    let mut node = [0; CHUNK_BYTES];
    for (target, byte) in node.iter_mut().zip((length as u64).to_le_bytes()) {
        *target = byte;
    }
    hash_pair(root, &node)
}

/// Hash one level of whole pairs into the level above.
fn parents(nodes: &[u8]) -> Vec<u8> {
    let mut above = vec![0; nodes.len() / 2];
    if nodes.len() <= TASK_PAIRS * PAIR_BYTES {
        // Handing work to another thread would cost more than the work.
        hash_pairs(&mut above, nodes);
    } else {
        above
            .par_chunks_mut(TASK_PAIRS * CHUNK_BYTES)
            .zip(nodes.par_chunks(TASK_PAIRS * PAIR_BYTES))
            .for_each(|(above, nodes)| hash_pairs(above, nodes));
    }
    above
}

fn hash_pairs(above: &mut [u8], nodes: &[u8]) {
    let (pairs, _) = nodes.as_chunks();
    for (parent, pair) in above.chunks_exact_mut(CHUNK_BYTES).zip(pairs) {
        parent.copy_from_slice(&hash_block(pair));
    }
}

fn zero_at(depth: usize) -> Node {
    ZEROS.get(depth).copied().unwrap_or_default()
}

fn hash_pair(left: &Node, right: &Node) -> Node {
    let mut pair = [0; PAIR_BYTES];
    for (target, byte) in pair.iter_mut().zip(left.iter().chain(right)) {
        *target = *byte;
    }
    hash_block(&pair)
}

/// The state that SHA-256 begins with (FIPS 180-4, 5.3.3).
const INITIAL_STATE: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The padding of a 64-byte message: a one bit, zeros, the length in bits.
const PADDING: [u8; 64] = {
    let mut block = [0; 64];
    block[0] = 0x80;
    block[62] = 0x02;
    block
};

/// Hash exactly two nodes with SHA-256: two calls of the compression function, no buffering.
fn hash_block(block: &[u8; PAIR_BYTES]) -> Node {
    let mut state = INITIAL_STATE;
    compress256(&mut state, &[*block, PADDING]);
    let mut digest = [0; CHUNK_BYTES];
    for (target, word) in digest.chunks_exact_mut(4).zip(state) {
        target.copy_from_slice(&word.to_be_bytes());
    }
    digest
}
