//! The smallest witness with which an execution still claims the same.
//!
//! Nodes are tried top-down: a subtree without which the execution succeeds is dropped whole, so
//! untouched parts of the state cost one trial each. Whatever the transition function reads, and
//! in whatever order, is found this way without a second account of its reads.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use ethrex_common::H256;
use ethrex_common::constants::EMPTY_KECCAK_HASH;
use ethrex_common::types::AccountState;
use ethrex_crypto::Crypto;
use ethrex_rlp::decode::RLPDecode;
use ethrex_trie::{Node, NodeHash, NodeRef};

/// Trie nodes by hash, with the nodes that each refers to.
#[derive(Clone, Debug)]
struct Graph {
    nodes: BTreeMap<H256, Bytes>,
    children: BTreeMap<H256, Vec<H256>>,
}

impl Graph {
    fn new(nodes: &[Bytes], crypto: &dyn Crypto) -> Self {
        let nodes: BTreeMap<H256, Bytes> =
            nodes.iter().map(|rlp| (H256(crypto.keccak256(rlp)), rlp.clone())).collect();
        let children = nodes.iter().map(|(hash, rlp)| (*hash, references(rlp))).collect();
        Self { nodes, children }
    }

    fn children(&self, hash: &H256) -> impl Iterator<Item = H256> {
        self.children.get(hash).into_iter().flatten().copied()
    }

    /// Collect a node and all that hang below it.
    fn subtree(&self, root: H256) -> BTreeSet<H256> {
        let mut found = BTreeSet::new();
        let mut open = vec![root];
        while let Some(hash) = open.pop() {
            if self.nodes.contains_key(&hash) && found.insert(hash) {
                open.extend(self.children(&hash));
            }
        }
        found
    }

    fn select(&self, kept: &BTreeSet<H256>) -> Vec<Bytes> {
        let mut nodes: Vec<Bytes> =
            kept.iter().filter_map(|hash| self.nodes.get(hash).cloned()).collect();
        nodes.sort();
        nodes
    }
}

/// List the hashes that an encoded node refers to: children, and the storage of an account.
fn references(rlp: &[u8]) -> Vec<H256> {
    let hashed = |child: &NodeRef| match child {
        NodeRef::Hash(NodeHash::Hashed(hash)) => Some(*hash),
        _ => None,
    };
    match Node::decode(rlp) {
        Ok(Node::Branch(branch)) => branch.choices.iter().filter_map(hashed).collect(),
        Ok(Node::Extension(extension)) => hashed(&extension.child).into_iter().collect(),
        Ok(Node::Leaf(leaf)) => {
            AccountState::decode(&leaf.value).map(|account| account.storage_root).into_iter().collect()
        }
        Err(_) => Vec::new(),
    }
}

/// Drop every node below `root` without which `suffices` still holds; sorted as EIP-8025 wants.
pub fn minimal_nodes(
    all: &[Bytes],
    root: H256,
    crypto: &dyn Crypto,
    mut suffices: impl FnMut(&[Bytes]) -> bool,
) -> Vec<Bytes> {
    let graph = Graph::new(all, crypto);
    let mut kept = graph.subtree(root);
    let mut open = vec![root];
    while let Some(hash) = open.pop() {
        if !kept.contains(&hash) {
            continue;
        }
        let without: BTreeSet<H256> = kept.difference(&graph.subtree(hash)).copied().collect();
        if suffices(&graph.select(&without)) {
            kept = without;
        } else {
            open.extend(graph.children(&hash));
        }
    }
    graph.select(&kept)
}

/// Drop every code without which `suffices` still holds, except those in `required`.
pub fn minimal_codes(
    all: &BTreeMap<H256, Bytes>,
    required: &BTreeSet<H256>,
    mut suffices: impl FnMut(&[Bytes]) -> bool,
) -> Vec<Bytes> {
    let mut kept = all.clone();
    kept.remove(&*EMPTY_KECCAK_HASH);
    for hash in all.keys().filter(|hash| !required.contains(hash)) {
        let Some(code) = kept.remove(hash) else { continue };
        if !suffices(&sorted(&kept)) {
            kept.insert(*hash, code);
        }
    }
    sorted(&kept)
}

fn sorted(codes: &BTreeMap<H256, Bytes>) -> Vec<Bytes> {
    let mut codes: Vec<Bytes> = codes.values().cloned().collect();
    codes.sort();
    codes
}
