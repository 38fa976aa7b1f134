//! A sparse Merkle-Patricia trie over a bag of nodes.
//!
//! Nodes are decoded when a walk reaches them and hashed again only when they changed. The general
//! trie of `ethrex` decodes, clones and embeds every node of the witness first; in the guest that
//! was a third of a transfer's cycles (`docs/decisions`). Tests compare the two.
//!
//! Keys never are prefixes of each other (hashes, or RLP numbers), so branches hold no values.

mod codec;
mod edit;

use bytes::Bytes;
use ethrex_common::H256;
use ethrex_crypto::Crypto;
use ethrex_trie::{EMPTY_TRIE_HASH, FxHashMap};
use thiserror::Error;

/// Why a trie cannot be read or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TrieError {
    /// The bag does not hold a node that the walk needs.
    #[error("node {0:?} is missing")]
    Missing(H256),
    /// A node is not a trie node, or does not fit the key's length.
    #[error("a node is malformed")]
    Malformed,
}

/// Nodes by their hash, still encoded.
#[derive(Debug, Default)]
pub struct NodeBag(FxHashMap<H256, Bytes>);

impl NodeBag {
    /// Hash every node.
    #[must_use]
    pub fn new(nodes: &[Bytes], crypto: &dyn Crypto) -> Self {
        Self(
            nodes
                .iter()
                .map(|rlp| (H256(crypto.keccak256(rlp)), rlp.clone()))
                .collect(),
        )
    }

    fn open(&self, hash: &H256) -> Result<Box<Node>, TrieError> {
        let rlp = self.0.get(hash).ok_or(TrieError::Missing(*hash))?;
        let mut node = codec::decode(rlp).ok_or(TrieError::Malformed)?;
        node.reference = Some(Reference::Hash(*hash));
        Ok(Box::new(node))
    }
}

/// How a parent names a node: by hash, or by its encoding when that is shorter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reference {
    Hash(H256),
    Inline(Vec<u8>),
}

/// What stands in a place of the trie.
#[derive(Debug, Default)]
enum Child {
    #[default]
    Empty,
    /// A node that no walk has reached yet.
    Closed(H256),
    Open(Box<Node>),
}

/// One node; `reference` is known while the node is unchanged.
#[derive(Debug)]
struct Node {
    kind: Kind,
    reference: Option<Reference>,
}

/// Paths are nibbles, one a byte.
#[derive(Debug)]
enum Kind {
    Leaf { path: Vec<u8>, value: Bytes },
    Extension { path: Vec<u8>, child: Child },
    Branch(Box<[Child; 16]>),
}

impl Node {
    fn leaf(path: &[u8], value: Bytes) -> Box<Self> {
        Self::changed(Kind::Leaf {
            path: path.to_vec(),
            value,
        })
    }

    fn changed(kind: Kind) -> Box<Self> {
        Box::new(Self {
            kind,
            reference: None,
        })
    }
}

impl Child {
    /// Decode the node that stands here, if one does.
    fn open(&mut self, bag: &NodeBag) -> Result<Option<&mut Node>, TrieError> {
        if let Self::Closed(hash) = self {
            *self = Self::Open(bag.open(hash)?);
        }
        match self {
            Self::Open(node) => Ok(Some(node)),
            _ => Ok(None),
        }
    }
}

/// A trie whose unread parts are only hashes.
#[derive(Debug, Default)]
pub struct SparseTrie {
    root: Child,
}

impl SparseTrie {
    /// Start from a root; nothing is read yet.
    #[must_use]
    pub fn open(root: H256) -> Self {
        let root = if root == EMPTY_TRIE_HASH {
            Child::Empty
        } else {
            Child::Closed(root)
        };
        Self { root }
    }

    /// Read the value of `key`; `None` is a proof that there is none.
    pub fn get(&mut self, key: &[u8], bag: &NodeBag) -> Result<Option<Bytes>, TrieError> {
        let key = nibbles(key);
        let mut rest = key.as_slice();
        let mut place = &mut self.root;
        loop {
            let Some(node) = place.open(bag)? else {
                return Ok(None);
            };
            match &mut node.kind {
                Kind::Leaf { path, value } => {
                    return Ok((path.as_slice() == rest).then(|| value.clone()));
                }
                Kind::Extension { path, child } => match rest.strip_prefix(path.as_slice()) {
                    None => return Ok(None),
                    Some(tail) => (rest, place) = (tail, child),
                },
                Kind::Branch(children) => {
                    let (nibble, tail) = rest.split_first().ok_or(TrieError::Malformed)?;
                    let child = children.get_mut(usize::from(*nibble));
                    (rest, place) = (tail, child.ok_or(TrieError::Malformed)?);
                }
            }
        }
    }

    /// Set the value of `key`.
    pub fn insert(&mut self, key: &[u8], value: Bytes, bag: &NodeBag) -> Result<(), TrieError> {
        edit::insert(&mut self.root, &nibbles(key), value, bag)
    }

    /// Remove `key`; nothing happens when it has no value.
    pub fn remove(&mut self, key: &[u8], bag: &NodeBag) -> Result<(), TrieError> {
        edit::remove(&mut self.root, &nibbles(key), bag).map(drop)
    }

    /// Hash what changed and return the root.
    pub fn root(&mut self, crypto: &dyn Crypto) -> H256 {
        match &mut self.root {
            Child::Empty => EMPTY_TRIE_HASH,
            Child::Closed(hash) => *hash,
            Child::Open(node) => match codec::reference(node, crypto) {
                Reference::Hash(hash) => *hash,
                Reference::Inline(rlp) => H256(crypto.keccak256(rlp)),
            },
        }
    }
}

/// Compute the root of a list: the trie from RLP(index) to item.
pub fn list_root(items: impl Iterator<Item = Bytes>, crypto: &dyn Crypto) -> H256 {
    use ethrex_rlp::encode::RLPEncode as _;
    let bag = NodeBag::default();
    let mut trie = SparseTrie::default();
    for (index, item) in items.enumerate() {
        // A trie built from nothing has no closed nodes, so nothing can be missing.
        let _ = trie.insert(&index.encode_to_vec(), item, &bag);
    }
    trie.root(crypto)
}

fn nibbles(key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len() * 2);
    for byte in key {
        out.push(byte >> 4);
        out.push(byte & 15);
    }
    out
}
