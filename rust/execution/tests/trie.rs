//! The sparse trie against the trie of `ethrex`: same roots, same answers, same need for nodes.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use ethrex_common::H256;
use ethrex_crypto::{Crypto, NativeCrypto};
use ethrex_trie::{Node, Trie};
use zkattest_execution::trie::{NodeBag, SparseTrie, TrieError, list_root};

/// A generator that needs no crate: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// Keys that share long beginnings, so that extensions and collapses are frequent.
    fn key(&mut self) -> [u8; 32] {
        let mut key = [0x11; 32];
        let at = usize::try_from(self.next() % 32).unwrap();
        key[at] = u8::try_from(self.next() % 4).unwrap() << (4 * (self.next() % 2));
        key[31] ^= u8::try_from(self.next() % 3).unwrap();
        key
    }

    fn value(&mut self) -> Vec<u8> {
        let length = [1, 2, 33, 70][usize::try_from(self.next() % 4).unwrap()];
        vec![u8::try_from(self.next() % 255 + 1).unwrap(); length]
    }
}

fn oracle(entries: &BTreeMap<[u8; 32], Vec<u8>>) -> Trie {
    let mut trie = Trie::empty_in_memory();
    for (key, value) in entries {
        trie.insert(key.to_vec(), value.clone()).unwrap();
    }
    trie
}

fn all_nodes(trie: &Trie) -> Vec<Bytes> {
    trie.hash_no_commit(&NativeCrypto);
    let mut nodes = Vec::new();
    if let Some(root) = trie.root_node().unwrap() {
        Node::clone(&root).encode_subtrie(&mut nodes).unwrap();
    }
    // Equal subtries are one node of a witness.
    let nodes: BTreeSet<Vec<u8>> = nodes.into_iter().map(|node| node.to_vec()).collect();
    nodes.into_iter().map(Bytes::from).collect()
}

#[test]
fn edits_give_the_roots_of_the_oracle() {
    let mut numbers = Numbers(7886);
    for round in 0..300 {
        let mut entries = BTreeMap::new();
        for _ in 0..numbers.next() % 24 {
            entries.insert(numbers.key(), numbers.value());
        }
        let before = oracle(&entries);
        let root = before.hash_no_commit(&NativeCrypto);
        let bag = NodeBag::new(&all_nodes(&before), &NativeCrypto);
        let mut trie = SparseTrie::open(root);
        for _ in 0..numbers.next() % 12 {
            let key = numbers.key();
            assert_eq!(
                trie.get(&key, &bag).unwrap().map(|value| value.to_vec()),
                entries.get(&key).cloned(),
                "round {round}"
            );
            if numbers.next().is_multiple_of(3) {
                entries.remove(&key);
                trie.remove(&key, &bag).unwrap();
            } else {
                let value = numbers.value();
                entries.insert(key, value.clone());
                trie.insert(&key, value.into(), &bag).unwrap();
            }
        }
        let expected = oracle(&entries).hash_no_commit(&NativeCrypto);
        assert_eq!(trie.root(&NativeCrypto), expected, "round {round}");
        // A second question costs nothing and changes nothing.
        assert_eq!(trie.root(&NativeCrypto), expected, "round {round}");
    }
}

#[test]
fn each_missing_node_is_named_and_never_an_absence() {
    let mut numbers = Numbers(1);
    let mut entries = BTreeMap::new();
    while entries.len() < 40 {
        entries.insert(numbers.key(), vec![7; 40]);
    }
    let full = oracle(&entries);
    let root = full.hash_no_commit(&NativeCrypto);
    let nodes = all_nodes(&full);
    for (left_out, node) in nodes.iter().enumerate() {
        let mut fewer = nodes.clone();
        fewer.remove(left_out);
        let bag = NodeBag::new(&fewer, &NativeCrypto);
        let missing = TrieError::Missing(H256(NativeCrypto.keccak256(node)));
        let mut named = false;
        for (key, value) in &entries {
            match SparseTrie::open(root).get(key, &bag) {
                Ok(found) => assert_eq!(found.unwrap().to_vec(), *value),
                Err(error) => {
                    assert_eq!(error, missing);
                    named = true;
                }
            }
        }
        assert!(named || node.len() < 32, "node {left_out} was never needed");
    }
}

#[test]
fn malformed_nodes_are_refused() {
    for bytes in [
        &b""[..],
        &[0xc0],
        &[0xc2, 0x20, 0x01, 0x00],
        &[0xf8, 0xff],
        &[0xc1, 0x80],
    ] {
        let node = Bytes::copy_from_slice(bytes);
        let root = H256(NativeCrypto.keccak256(&node));
        let bag = NodeBag::new(&[node], &NativeCrypto);
        assert_eq!(
            SparseTrie::open(root).get(&[0; 32], &bag),
            Err(TrieError::Malformed),
            "{bytes:?}"
        );
    }
}

#[test]
fn lists_have_the_roots_of_the_oracle() {
    use ethrex_rlp::encode::RLPEncode;
    let mut numbers = Numbers(3);
    for count in [0, 1, 2, 16, 127, 128, 129, 255, 256, 257, 400] {
        let items: Vec<Bytes> = (0..count).map(|_| numbers.value().into()).collect();
        let leaves = items
            .iter()
            .enumerate()
            .map(|(index, item)| (index.encode_to_vec(), item.to_vec()));
        let expected = Trie::compute_hash_from_unsorted_iter(leaves, &NativeCrypto);
        assert_eq!(
            list_root(items.iter().cloned(), &NativeCrypto),
            expected,
            "{count} items"
        );
    }
}
