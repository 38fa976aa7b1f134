//! The smallest witness with which an execution still claims the same.
//!
//! What the execution changes shows which nodes it needs at least. The rest is tried: all other
//! subtrees at once, then halves of them, down to the few that are only read or that a removal
//! collapses into. Whatever the transition function reads, and in whatever order, is found this way
//! without a second account of its reads.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use ethrex_common::H256;
use ethrex_common::constants::EMPTY_KECCAK_HASH;
use ethrex_common::types::{AccountState, AccountUpdate};
use ethrex_crypto::Crypto;
use ethrex_rlp::decode::RLPDecode;
use ethrex_trie::{Nibbles, Node, NodeHash, NodeRef};

/// Trie nodes by hash, with the nodes that each refers to.
#[derive(Clone, Debug)]
struct Graph {
    nodes: BTreeMap<H256, Bytes>,
    children: BTreeMap<H256, Vec<H256>>,
}

impl Graph {
    fn new(nodes: &[Bytes], crypto: &dyn Crypto) -> Self {
        let nodes: BTreeMap<H256, Bytes> = nodes
            .iter()
            .map(|rlp| (H256(crypto.keccak256(rlp)), rlp.clone()))
            .collect();
        let children = nodes
            .iter()
            .map(|(hash, rlp)| (*hash, references(rlp)))
            .collect();
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

    /// Collect the nodes on the paths to everything that `updates` change.
    fn paths_of(
        &self,
        root: H256,
        updates: &[AccountUpdate],
        crypto: &dyn Crypto,
    ) -> BTreeSet<H256> {
        let mut found = BTreeSet::new();
        for update in updates {
            let leaf = self.walk(
                root,
                crypto.keccak256(update.address.as_bytes()),
                &mut found,
            );
            let account = leaf.and_then(|value| AccountState::decode(&value).ok());
            let Some(account) = account.filter(|_| !update.removed && !update.removed_storage)
            else {
                continue;
            };
            for slot in update.added_storage.keys() {
                let key = crypto.keccak256(slot.as_bytes());
                self.walk(account.storage_root, key, &mut found);
            }
        }
        found
    }

    /// Walk from `root` towards `key`, collect the nodes met, return the leaf's value.
    fn walk(&self, root: H256, key: [u8; 32], found: &mut BTreeSet<H256>) -> Option<Vec<u8>> {
        let mut rest = Nibbles::from_bytes(&key);
        let mut hash = root;
        loop {
            let node = Node::decode(self.nodes.get(&hash)?).ok()?;
            found.insert(hash);
            let child = match &node {
                Node::Branch(branch) => branch.choices.get(rest.next_choice()?)?,
                Node::Extension(extension) if rest.skip_prefix(&extension.prefix) => {
                    &extension.child
                }
                Node::Leaf(leaf) if leaf.partial == rest => return Some(leaf.value.clone()),
                _ => return None,
            };
            hash = hashed(child)?;
        }
    }

    /// List the first nodes on the ways down from `root` that are not among the needed ones.
    fn frontier(&self, root: H256, needed: &BTreeSet<H256>) -> Vec<H256> {
        let (mut open, mut frontier) = (vec![root], Vec::new());
        while let Some(hash) = open.pop() {
            if needed.contains(&hash) {
                open.extend(self.children(&hash));
            } else {
                frontier.push(hash);
            }
        }
        frontier
    }

    fn select(&self, kept: &BTreeSet<H256>) -> Vec<Bytes> {
        let mut nodes: Vec<Bytes> = kept
            .iter()
            .filter_map(|hash| self.nodes.get(hash).cloned())
            .collect();
        nodes.sort();
        nodes
    }
}

fn hashed(child: &NodeRef) -> Option<H256> {
    match child {
        NodeRef::Hash(NodeHash::Hashed(hash)) => Some(*hash),
        _ => None,
    }
}

/// List the hashes that an encoded node refers to: children, and the storage of an account.
fn references(rlp: &[u8]) -> Vec<H256> {
    match Node::decode(rlp) {
        Ok(Node::Branch(branch)) => branch.choices.iter().filter_map(hashed).collect(),
        Ok(Node::Extension(extension)) => hashed(&extension.child).into_iter().collect(),
        Ok(Node::Leaf(leaf)) => AccountState::decode(&leaf.value)
            .map(|account| account.storage_root)
            .into_iter()
            .collect(),
        Err(_) => Vec::new(),
    }
}

/// Drop every node below `root` without which `suffices` still holds; sorted as EIP-8025 wants.
///
/// `updates` are the changes of the execution: the paths to them are needed, which saves trials.
pub fn minimal_nodes(
    all: &[Bytes],
    root: H256,
    updates: &[AccountUpdate],
    crypto: &dyn Crypto,
    mut suffices: impl FnMut(&[Bytes]) -> bool,
) -> Vec<Bytes> {
    let graph = Graph::new(all, crypto);
    let needed = graph.paths_of(root, updates, crypto);
    let mut kept = graph.subtree(root);
    let mut groups = vec![graph.frontier(root, &needed)];
    while let Some(group) = groups.pop() {
        let dropped: BTreeSet<H256> = group.iter().flat_map(|hash| graph.subtree(*hash)).collect();
        let without: BTreeSet<H256> = kept.difference(&dropped).copied().collect();
        if without.len() == kept.len() {
            continue;
        }
        if suffices(&graph.select(&without)) {
            kept = without;
        } else if let [hash] = group.as_slice() {
            groups.push(graph.children(hash).collect());
        } else {
            let (left, right) = group.split_at(group.len() / 2);
            groups.extend([left.to_vec(), right.to_vec()]);
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
        let Some(code) = kept.remove(hash) else {
            continue;
        };
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
