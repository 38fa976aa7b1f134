//! Reading accounts out of hand-made tries: every kind of step, and every way to go wrong.

#![allow(non_snake_case, reason = "names of tests")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::slice::from_ref;

use ethrex_rlp::encode::RLPEncode;
use ethrex_rlp::structs::Encoder;
use zkattest_blocks::accounts::{Answer, TooManySteps};
use zkattest_blocks::{Hash, Witness, WitnessFault, keccak};

const ADDRESS: [u8; 20] = [7; 20];
const CODE: &[u8] = b"code";

fn list(items: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out);
    for item in items {
        encoder = encoder.encode_bytes(item);
    }
    encoder.finish();
    out
}

/// Nibbles of the path to the account.
fn path() -> Vec<u8> {
    let hash = keccak(&ADDRESS);
    hash.iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .collect()
}

/// Write nibbles as a node's key.
fn key(nibbles: &[u8], is_leaf: bool) -> Vec<u8> {
    let flag = if is_leaf { 0x20 } else { 0 };
    let (head, rest) = match nibbles.len() % 2 {
        0 => (flag, nibbles),
        _ => (flag | 0x10 | nibbles[0], &nibbles[1..]),
    };
    let pairs = rest.chunks(2).map(|pair| pair[0] << 4 | pair[1]);
    std::iter::once(head).chain(pairs).collect()
}

fn account(code_hash: &Hash) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out)
        .encode_field(&9_u64)
        .encode_field(&1_000_u64)
        .encode_bytes(&[1; 32])
        .encode_bytes(code_hash)
        .finish();
    out
}

fn leaf(from: usize) -> Vec<u8> {
    list(&[&key(&path()[from..], true), &account(&keccak(b""))])
}

fn branch(at: usize, child: &[u8]) -> Vec<u8> {
    let mut items = [&[][..]; 17];
    items[usize::from(path()[at])] = child;
    list(&items)
}

fn read(nodes: &[Vec<u8>], root: &[u8]) -> Result<Option<u64>, WitnessFault> {
    let witness = Witness::new(nodes.to_vec(), vec![CODE.to_vec()]);
    let mut answers = witness.accounts(&keccak(root), &[ADDRESS], 64).unwrap();
    let answer: Answer<'_, Vec<u8>> = answers.remove(0);
    answer.map(|account| account.map(|account| account.nonce))
}

fn malformed(at: usize, what: &'static str) -> Result<Option<u64>, WitnessFault> {
    let path = path()[..at].to_vec();
    Err(WitnessFault::MalformedNode { path, what })
}

#[test]
fn walk__reads_through_extension_branch_and_leaf() {
    let leaf = leaf(4);
    let branch = branch(3, &keccak(&leaf));
    let root = list(&[&key(&path()[..3], false), &keccak(&branch)]);
    assert_eq!(read(&[leaf, root.clone(), branch], &root), Ok(Some(9)));
}

#[test]
fn walk__reads_a_chain_of_64_levels() {
    let mut node = leaf(63);
    let mut nodes = vec![node.clone()];
    for at in (0..63).rev() {
        node = branch(at, &keccak(&node));
        nodes.push(node.clone());
    }
    assert_eq!(read(&nodes, &node), Ok(Some(9)));
}

#[test]
fn walk__ends_where_the_path_leaves_the_trie() {
    let mut other = path();
    other[5] ^= 1;
    let leaf = list(&[&key(&other, true), &account(&keccak(b""))]);
    assert_eq!(read(from_ref(&leaf), &leaf), Ok(None));
    let extension = list(&[&key(&other[..8], false), &[2; 32]]);
    assert_eq!(read(from_ref(&extension), &extension), Ok(None));
    let empty = branch(0, &[]);
    assert_eq!(read(from_ref(&empty), &empty), Ok(None));
}

#[test]
fn walk__names_the_node_that_is_missing() {
    let root = branch(0, &[3; 32]);
    let path = path()[..1].to_vec();
    let missing = Err(WitnessFault::MissingNode {
        hash: [3; 32],
        path,
    });
    assert_eq!(read(from_ref(&root), &root), missing);
}

#[test]
fn walk__follows_a_node_that_lies_inside_its_parent() {
    // A leaf of the last nibble alone is short enough to stand in its branch; no account is.
    let mut tail = list(&[&key(&path()[63..], true), b"x"]);
    for at in (0..63).rev() {
        let mut items = vec![Vec::new(); 17];
        items[usize::from(path()[at])] = tail.clone();
        let payload: Vec<u8> = items
            .iter()
            .flat_map(|item| {
                if item.is_empty() {
                    vec![0x80]
                } else {
                    item.clone()
                }
            })
            .collect();
        let mut node = Vec::new();
        ethrex_rlp::encode::encode_length(payload.len(), &mut node);
        node.extend(payload);
        tail = node;
    }
    assert_eq!(
        read(from_ref(&tail), &tail),
        malformed(64, "its value is no account")
    );
}

#[test]
fn walk__malformed_by_name() {
    let cases: [(Vec<u8>, &str); 6] = [
        (b"dog".encode_to_vec(), "not an RLP list"),
        (list(&[b"a", b"b", b"c"]), "neither 2 nor 17 items"),
        (list(&[&[0x40, 1], b"b"]), "its path is malformed"),
        (list(&[&[0x00], &[1; 32]]), "an extension by nothing"),
        (list(&[&[], b"b"]), "its path is malformed"),
        (vec![0xc0], "not an RLP list"),
    ];
    for (node, what) in cases {
        assert_eq!(read(from_ref(&node), &node), malformed(0, what));
    }
    let reference = branch(0, &[1; 31]);
    let at_child = malformed(1, "its reference is no hash");
    assert_eq!(read(from_ref(&reference), &reference), at_child);
}

#[test]
fn account__finds_its_code_or_names_what_is_missing() {
    let with_code = list(&[&key(&path(), true), &account(&keccak(CODE))]);
    assert_eq!(read(from_ref(&with_code), &with_code), Ok(Some(9)));
    let without = list(&[&key(&path(), true), &account(&[5; 32])]);
    let missing = Err(WitnessFault::MissingCode { hash: [5; 32] });
    assert_eq!(read(from_ref(&without), &without), missing);
}

#[test]
fn walks__end_at_the_limit_of_steps() {
    let leaf = leaf(1);
    let root = branch(0, &keccak(&leaf));
    let witness = Witness::new(vec![leaf, root.clone()], vec![]);
    let walks =
        |count: usize, limit| witness.accounts(&keccak(&root), &vec![ADDRESS; count], limit);
    assert_eq!(walks(500, 1_000).map(|answers| answers.len()), Ok(500));
    let too_many = TooManySteps { limit_steps: 999 };
    assert_eq!(walks(500, 999), Err(too_many));
    assert_eq!(walks(100_000, 999), Err(too_many));
}

#[test]
fn walk__costs_the_same_whatever_the_length_of_a_key() {
    // 100,000 walks past a node of a megabyte: were its key copied, they would take minutes.
    let root = list(&[&[0; 1 << 20], &[1; 32]]);
    let witness = Witness::new(vec![root.clone()], vec![]);
    let addresses: Vec<[u8; 20]> = (0..100_000_u32)
        .map(|number| {
            let mut address = [0; 20];
            address[..4].copy_from_slice(&number.to_le_bytes());
            address
        })
        .collect();
    let answers = witness
        .accounts(&keccak(&root), &addresses, 1 << 20)
        .unwrap();
    assert!(answers.iter().all(|answer| *answer == Ok(None)));
}
