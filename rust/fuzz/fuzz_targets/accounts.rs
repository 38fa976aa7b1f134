//! Walks over nodes that anyone may have written: they end, and more nodes change no answer.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use zkattest_blocks::{Witness, WitnessFault, keccak};

/// Most nodes on one walk: a branch for each nibble, and a leaf below.
const MAX_STEPS: u64 = 65;

#[derive(Debug, Arbitrary)]
struct Input {
    address: [u8; 20],
    nodes: Vec<Vec<u8>>,
    /// Makes hashes fit: each is written over the place in the node before it.
    links: Vec<u16>,
}

fuzz_target!(|input: Input| {
    let mut nodes = input.nodes;
    link(&mut nodes, &input.links);
    let Some(root) = nodes.first().map(|node| keccak(node)) else {
        return;
    };
    let all = Witness::new(nodes.clone(), vec![]);
    let answer = &all
        .accounts(&root, &[input.address], MAX_STEPS)
        .expect("a step for each nibble, and the leaf")[0];
    if let Ok(Some(account)) = answer {
        assert!(account.balance_wei.len() <= 32 && account.code.is_none());
    }
    if let Err(WitnessFault::MissingNode { path, .. } | WitnessFault::MalformedNode { path, .. }) =
        answer
    {
        assert!(path.len() <= 64);
    }
    // Without its last node the witness knows less, and nothing else.
    nodes.pop();
    let fewer = Witness::new(nodes, vec![]);
    let lesser = &fewer
        .accounts(&root, &[input.address], MAX_STEPS)
        .expect("a step for each nibble, and the leaf")[0];
    if !matches!(lesser, Err(WitnessFault::MissingNode { .. })) {
        assert_eq!(lesser, answer);
    }
});

/// Write the hash of each node into the one before it, from the last on.
fn link(nodes: &mut [Vec<u8>], links: &[u16]) {
    for index in (1..nodes.len()).rev() {
        let hash = keccak(&nodes[index]);
        let at = usize::from(links.get(index - 1).copied().unwrap_or(0));
        if let Some(place) = nodes[index - 1].get_mut(at..at + 32) {
            place.copy_from_slice(&hash);
        }
    }
}
