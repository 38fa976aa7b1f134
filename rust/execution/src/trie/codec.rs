//! Nodes from and to RLP, and their references.

use bytes::Bytes;
use ethrex_common::H256;
use ethrex_crypto::Crypto;

use super::{Child, Kind, Node, Reference};

/// Decode one node; `None` when the bytes are no trie node.
pub(super) fn decode(rlp: &Bytes) -> Option<Node> {
    let (fields, end) = list(rlp, 0)?;
    if end != rlp.len() {
        return None;
    }
    // Two items are a leaf or an extension; anything longer must be a branch.
    let second = item_end(rlp, fields)?;
    let kind = if item_end(rlp, second)? == end {
        decode_short(rlp, fields, end)?
    } else {
        decode_branch(rlp, fields, end)?
    };
    Some(Node {
        kind,
        reference: None,
    })
}

/// A leaf or an extension: a hex-prefix path, then a value or a child.
fn decode_short(rlp: &Bytes, at: usize, end: usize) -> Option<Kind> {
    let (from, to) = string(rlp, at)?;
    let (path, is_leaf) = decode_path(rlp.get(from..to)?)?;
    if is_leaf {
        let (from, value_end) = string(rlp, to)?;
        return (value_end == end).then(|| Kind::Leaf {
            path,
            value: rlp.slice(from..value_end),
        });
    }
    let mut child = Child::Empty;
    let child_end = decode_child(rlp, to, &mut child)?;
    let is_whole = child_end == end && !path.is_empty() && !matches!(child, Child::Empty);
    is_whole.then_some(Kind::Extension { path, child })
}

fn decode_branch(rlp: &Bytes, mut at: usize, end: usize) -> Option<Kind> {
    let mut children: Box<[Child; 16]> = Box::default();
    for place in children.iter_mut() {
        at = decode_child(rlp, at, place)?;
    }
    // Keys are no prefixes of each other: a branch has no value.
    (rlp.get(at) == Some(&0x80) && at + 1 == end).then_some(Kind::Branch(children))
}

/// Put the child at `at` into its empty place and return where it ends.
fn decode_child(rlp: &Bytes, at: usize, place: &mut Child) -> Option<usize> {
    match *rlp.get(at)? {
        0x80 => Some(at + 1),
        0xa0 => {
            *place = Child::Closed(H256::from_slice(rlp.get(at + 1..at + 33)?));
            Some(at + 33)
        }
        // A node shorter than a hash stands here itself.
        0xc0..0xe0 => {
            let end = item_end(rlp, at)?;
            let inline = rlp.slice(at..end);
            let mut node = decode(&inline)?;
            node.reference = Some(Reference::Inline(inline.to_vec()));
            *place = Child::Open(Box::new(node));
            Some(end)
        }
        _ => None,
    }
}

/// Start and end of the content of the byte string at `at`.
fn string(rlp: &[u8], at: usize) -> Option<(usize, usize)> {
    let (from, to) = match *rlp.get(at)? {
        0..0x80 => (at, at + 1),
        first @ 0x80..0xb8 => (at + 1, at + 1 + usize::from(first - 0x80)),
        first @ 0xb8..0xc0 => long(rlp, at, first - 0xb7)?,
        _ => return None,
    };
    (to <= rlp.len()).then_some((from, to))
}

/// Start and end of the content of the list at `at`.
fn list(rlp: &[u8], at: usize) -> Option<(usize, usize)> {
    let (from, to) = match *rlp.get(at)? {
        first @ 0xc0..0xf8 => (at + 1, at + 1 + usize::from(first - 0xc0)),
        first @ 0xf8..=0xff => long(rlp, at, first - 0xf7)?,
        _ => return None,
    };
    (to <= rlp.len()).then_some((from, to))
}

/// Bounds of an item whose length stands in `width` bytes after the first.
fn long(rlp: &[u8], at: usize, width: u8) -> Option<(usize, usize)> {
    let from = at + 1 + usize::from(width);
    let mut length = 0usize;
    for byte in rlp.get(at + 1..from)? {
        length = length.checked_mul(256)?.checked_add(usize::from(*byte))?;
    }
    Some((from, from.checked_add(length)?))
}

fn item_end(rlp: &[u8], at: usize) -> Option<usize> {
    let bounds = if *rlp.get(at)? < 0xc0 {
        string(rlp, at)?
    } else {
        list(rlp, at)?
    };
    Some(bounds.1)
}

/// Read a hex-prefix path: nibbles, and whether it ends in a leaf.
fn decode_path(compact: &[u8]) -> Option<(Vec<u8>, bool)> {
    let (first, rest) = compact.split_first()?;
    if *first >= 0x40 || (first & 0x10 == 0 && first & 15 != 0) {
        return None;
    }
    let mut path = Vec::with_capacity(compact.len() * 2);
    if first & 0x10 != 0 {
        path.push(first & 15);
    }
    for byte in rest {
        path.push(byte >> 4);
        path.push(byte & 15);
    }
    Some((path, first & 0x20 != 0))
}

/// Hash or encode a node for its parent, children first; unchanged nodes answer at once.
pub(super) fn reference<'a>(node: &'a mut Node, crypto: &dyn Crypto) -> &'a Reference {
    if node.reference.is_none() {
        let rlp = encode(&mut node.kind, crypto);
        node.reference = Some(if rlp.len() < 32 {
            Reference::Inline(rlp)
        } else {
            Reference::Hash(H256(crypto.keccak256(&rlp)))
        });
    }
    node.reference.get_or_insert(Reference::Inline(Vec::new()))
}

fn encode(kind: &mut Kind, crypto: &dyn Crypto) -> Vec<u8> {
    let mut fields = Vec::with_capacity(544);
    match kind {
        Kind::Leaf { path, value } => {
            push_string(&mut fields, &encode_path(path, true));
            push_string(&mut fields, value);
        }
        Kind::Extension { path, child } => {
            push_string(&mut fields, &encode_path(path, false));
            push_child(&mut fields, child, crypto);
        }
        Kind::Branch(children) => {
            for child in children.iter_mut() {
                push_child(&mut fields, child, crypto);
            }
            fields.push(0x80);
        }
    }
    let mut out = Vec::with_capacity(fields.len() + 4);
    push_header(&mut out, 0xc0, fields.len());
    out.extend_from_slice(&fields);
    out
}

fn push_child(out: &mut Vec<u8>, child: &mut Child, crypto: &dyn Crypto) {
    match child {
        Child::Empty => out.push(0x80),
        Child::Closed(hash) => push_hash(out, hash),
        Child::Open(node) => match reference(node, crypto) {
            Reference::Hash(hash) => push_hash(out, hash),
            Reference::Inline(rlp) => out.extend_from_slice(rlp),
        },
    }
}

fn push_hash(out: &mut Vec<u8>, hash: &H256) {
    out.push(0xa0);
    out.extend_from_slice(hash.as_bytes());
}

fn push_string(out: &mut Vec<u8>, bytes: &[u8]) {
    if let [byte @ 0..0x80] = bytes {
        out.push(*byte);
        return;
    }
    push_header(out, 0x80, bytes.len());
    out.extend_from_slice(bytes);
}

fn push_header(out: &mut Vec<u8>, base: u8, length: usize) {
    if let Some(short) = u8::try_from(length).ok().filter(|short| *short < 56) {
        out.push(base + short);
        return;
    }
    let bytes = length.to_be_bytes();
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    out.push(base + 55 + u8::try_from(digits.len()).unwrap_or(8));
    out.extend_from_slice(&digits);
}

/// Write a hex-prefix path.
fn encode_path(path: &[u8], is_leaf: bool) -> Vec<u8> {
    let flag = if is_leaf { 0x20 } else { 0 };
    let mut out = Vec::with_capacity(path.len() / 2 + 1);
    let pairs = if path.len() % 2 == 1 {
        out.push(flag | 0x10 | path.first().copied().unwrap_or(0));
        path.get(1..).unwrap_or_default()
    } else {
        out.push(flag);
        path
    };
    for pair in pairs.chunks_exact(2) {
        if let [high, low] = pair {
            out.push((high << 4) | low);
        }
    }
    out
}
