//! Accounts read through Merkle proofs: a bag of trie nodes, a bag of codes, one root.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use thiserror::Error;

use crate::rlp::{Fault, Item, Reader};
use crate::{Hash, keccak};

const EMPTY_TRIE_ROOT: Hash = [
    0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6, 0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
    0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0, 0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21,
];
const EMPTY_CODE_HASH: Hash = [
    0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
    0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70,
];

/// Why an account cannot be read. None of it says anything about the block.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WitnessFault {
    /// No node has the hash that leads on.
    #[error("trie node 0x{} at path '{}'", hex(hash), nibbles(path))]
    MissingNode {
        /// Keccak-256 of the node.
        hash: Hash,
        /// Nibbles that lead to it.
        path: Vec<u8>,
    },
    /// A node is none.
    #[error("trie node at path '{}': {what}", nibbles(path))]
    MalformedNode {
        /// Nibbles that lead to it.
        path: Vec<u8>,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No code has the hash that an account names.
    #[error("code 0x{}", hex(hash))]
    MissingCode {
        /// Keccak-256 of the code.
        hash: Hash,
    },
}

/// More steps than the walks may take; nothing is said about any account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more than {limit_steps} steps through the state's trie")]
pub struct TooManySteps {
    /// Most steps that they may take.
    pub limit_steps: u64,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn nibbles(path: &[u8]) -> String {
    path.iter().map(|nibble| format!("{nibble:x}")).collect()
}

/// The values of one account that the static rules ask for.
#[derive(Debug, PartialEq, Eq)]
pub struct Account<'a, B> {
    /// Transactions it has sent.
    pub nonce: u64,
    /// Big-endian, without leading zeros.
    pub balance_wei: &'a [u8],
    /// Its code as it was given; None where it has none.
    pub code: Option<&'a B>,
}

/// An account, None where the state has none, or why nobody can say.
pub type Answer<'a, B> = Result<Option<Account<'a, B>>, WitnessFault>;

/// Nodes and codes by their hashes.
#[derive(Debug)]
pub struct Witness<B> {
    nodes: HashMap<Hash, B>,
    codes: HashMap<Hash, B>,
}

impl<B: AsRef<[u8]> + Send + Sync> Witness<B> {
    /// Hash everything, over all cores.
    #[must_use]
    pub fn new(nodes: Vec<B>, codes: Vec<B>) -> Self {
        Self {
            nodes: by_hash(nodes),
            codes: by_hash(codes),
        }
    }

    /// Read the accounts of some addresses under a state root, over all cores.
    ///
    /// All walks together take at most `limit_steps` steps, one for each node that they pass.
    ///
    /// # Errors
    /// [`TooManySteps`], whatever the order in which walks are done.
    pub fn accounts(
        &self,
        root: &Hash,
        addresses: &[[u8; 20]],
        limit_steps: u64,
    ) -> Result<Vec<Answer<'_, B>>, TooManySteps> {
        let taken = AtomicU64::new(0);
        let answers = addresses.par_iter().with_min_len(64).map(|address| {
            // Once beyond the limit nothing is walked any more: the answer is decided.
            if taken.load(Ordering::Relaxed) > limit_steps {
                return Err(TooManySteps { limit_steps });
            }
            let mut steps = 0;
            let answer = self.account(root, address, &mut steps);
            let before = taken.fetch_add(steps, Ordering::Relaxed);
            if before + steps > limit_steps {
                return Err(TooManySteps { limit_steps });
            }
            Ok(answer)
        });
        answers.collect()
    }

    /// Read the account of an address under a state root.
    fn account(&self, root: &Hash, address: &[u8], steps: &mut u64) -> Answer<'_, B> {
        let path: Vec<u8> = keccak(address)
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .collect();
        let Some(leaf) = self.leaf(root, &path, steps)? else {
            return Ok(None);
        };
        let (nonce, balance_wei, code_hash) =
            account_fields(leaf).map_err(|_| WitnessFault::MalformedNode {
                path,
                what: "its value is no account",
            })?;
        let code = if *code_hash == EMPTY_CODE_HASH {
            None
        } else {
            let found = self.codes.get(code_hash);
            Some(found.ok_or(WitnessFault::MissingCode { hash: *code_hash })?)
        };
        Ok(Some(Account {
            nonce,
            balance_wei,
            code,
        }))
    }

    /// Walk from the root to a leaf; each step is checked by the hash that led to it.
    fn leaf(
        &self,
        root: &Hash,
        path: &[u8],
        steps: &mut u64,
    ) -> Result<Option<&[u8]>, WitnessFault> {
        if *root == EMPTY_TRIE_ROOT {
            return Ok(None);
        }
        let mut depth = 0;
        let mut node = self.node(root, path, depth)?;
        loop {
            *steps += 1;
            let rest = path.get(depth..).unwrap_or_default();
            let malformed = |what| WitnessFault::MalformedNode {
                path: path.get(..depth).unwrap_or_default().to_vec(),
                what,
            };
            let child = match step(node, rest).map_err(malformed)? {
                Step::Absent => return Ok(None),
                Step::Value(value) => return Ok(Some(value)),
                Step::Child { item, nibbles } => {
                    depth += nibbles;
                    item
                }
            };
            node = match (child.is_list, child.payload) {
                (true, _) => child.whole,
                (false, []) => return Ok(None),
                (false, hash) => {
                    let hash = hash.try_into().map_err(|_| WitnessFault::MalformedNode {
                        path: path.get(..depth).unwrap_or_default().to_vec(),
                        what: "its reference is no hash",
                    })?;
                    self.node(hash, path, depth)?
                }
            };
        }
    }

    fn node(&self, hash: &Hash, path: &[u8], depth: usize) -> Result<&[u8], WitnessFault> {
        self.nodes
            .get(hash)
            .map(AsRef::as_ref)
            .ok_or_else(|| WitnessFault::MissingNode {
                hash: *hash,
                path: path.get(..depth).unwrap_or_default().to_vec(),
            })
    }
}

fn by_hash<B: AsRef<[u8]> + Send + Sync>(items: Vec<B>) -> HashMap<Hash, B> {
    items
        .into_par_iter()
        .with_min_len(64)
        .map(|item| (keccak(item.as_ref()), item))
        .collect()
}

/// Where one node leads.
enum Step<'a> {
    Absent,
    Value(&'a [u8]),
    Child { item: Item<'a>, nibbles: usize },
}

/// Head of a branch that has sixteen children and no value, and the length of such a node.
const FULL_BRANCH_HEAD: [u8; 3] = [0xf9, 0x02, 0x11];
const FULL_BRANCH_BYTES: usize = 3 + 16 * 33 + 1;

/// Follow `rest` through one node: a branch (17 items), or a leaf or an extension (2 items).
fn step<'a>(node: &'a [u8], rest: &[u8]) -> Result<Step<'a>, &'static str> {
    if let Some(step) = step_full(node, rest) {
        return Ok(step);
    }
    let mut items = Item::only(node)
        .and_then(Item::list)
        .map_err(|_| "not an RLP list")?;
    let first = items.item().map_err(|_| "not an RLP list")?;
    let second = items.item().map_err(|_| "not an RLP list")?;
    if items.is_done() {
        return step_short(first, second, rest);
    }
    let Some((nibble, _)) = rest.split_first() else {
        return Err("a branch below the last nibble");
    };
    let children = branch_items(first, second, items).ok_or("neither 2 nor 17 items")?;
    let item = *children.get(usize::from(*nibble)).ok_or("no such child")?;
    Ok(Step::Child { item, nibbles: 1 })
}

/// Follow `rest` through a branch of sixteen hashes, which most nodes of a large trie are, without
/// taking it apart; None for every other node.
fn step_full<'a>(node: &'a [u8], rest: &[u8]) -> Option<Step<'a>> {
    let children = node
        .strip_prefix(&FULL_BRANCH_HEAD)?
        .strip_suffix(&[0x80])?;
    let is_full = node.len() == FULL_BRANCH_BYTES
        && children
            .chunks_exact(33)
            .all(|child| child.first() == Some(&0xa0));
    let whole = children.chunks_exact(33).nth((*rest.first()?).into())?;
    is_full.then_some(Step::Child {
        item: Item {
            is_list: false,
            payload: whole.get(1..)?,
            whole,
        },
        nibbles: 1,
    })
}

fn branch_items<'a>(
    first: Item<'a>,
    second: Item<'a>,
    mut rest: Reader<'a>,
) -> Option<[Item<'a>; 17]> {
    let mut items = [first; 17];
    for (index, slot) in items.iter_mut().enumerate().skip(1) {
        *slot = if index == 1 {
            second
        } else {
            rest.item().ok()?
        };
    }
    rest.is_done().then_some(items)
}

fn step_short<'a>(key: Item<'a>, item: Item<'a>, rest: &[u8]) -> Result<Step<'a>, &'static str> {
    let key = key.bytes().ok().and_then(Key::read);
    let key = key.ok_or("its path is malformed")?;
    let nibbles = key.len();
    if key.is_leaf {
        let value = item.bytes().map_err(|_| "its value is a list")?;
        return Ok(if nibbles == rest.len() && key.leads(rest) {
            Step::Value(value)
        } else {
            Step::Absent
        });
    }
    if nibbles == 0 {
        return Err("an extension by nothing");
    }
    if !key.leads(rest) {
        return Ok(Step::Absent);
    }
    Ok(Step::Child { item, nibbles })
}

/// The hex-prefix form of a path, where it lies: a key may be as long as a node.
struct Key<'a> {
    is_leaf: bool,
    odd: Option<u8>,
    pairs: &'a [u8],
}

impl<'a> Key<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (&first, pairs) = bytes.split_first()?;
        let odd = match first {
            0x00 | 0x20 => None,
            0x10..=0x1f | 0x30..=0x3f => Some(first & 15),
            _ => return None,
        };
        Some(Self {
            is_leaf: first & 0x20 != 0,
            odd,
            pairs,
        })
    }

    fn len(&self) -> usize {
        usize::from(self.odd.is_some()) + 2 * self.pairs.len()
    }

    /// Tell whether a path begins with these nibbles.
    fn leads(&self, path: &[u8]) -> bool {
        let pairs = self.pairs.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let nibbles = self.odd.into_iter().chain(pairs);
        self.len() <= path.len() && nibbles.zip(path).all(|(mine, theirs)| mine == *theirs)
    }
}

fn account_fields(leaf: &[u8]) -> Result<(u64, &[u8], &Hash), Fault> {
    let mut fields = Item::only(leaf)?.list()?;
    let nonce = fields.item()?.uint64()?;
    let balance = fields.item()?.number(32)?;
    fields.item()?.fixed::<32>()?;
    let code_hash = fields.item()?.fixed::<32>()?;
    if fields.is_done() {
        Ok((nonce, balance, code_hash))
    } else {
        Err(Fault::ExtraField)
    }
}
