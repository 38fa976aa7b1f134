//! Insertion and removal. Every node on the way loses its reference and is hashed again later.

use bytes::Bytes;

use super::{Child, Kind, Node, NodeBag, TrieError};

/// Set `key` below `place`.
pub(super) fn insert(
    place: &mut Child,
    key: &[u8],
    value: Bytes,
    bag: &NodeBag,
) -> Result<(), TrieError> {
    let Some(node) = place.open(bag)? else {
        *place = Child::Open(Node::leaf(key, value));
        return Ok(());
    };
    node.reference = None;
    let path = match &mut node.kind {
        Kind::Branch(children) => {
            let (nibble, rest) = key.split_first().ok_or(TrieError::Malformed)?;
            let child = children
                .get_mut(usize::from(*nibble))
                .ok_or(TrieError::Malformed)?;
            return insert(child, rest, value, bag);
        }
        Kind::Leaf { path, value: old } if path.as_slice() == key => {
            *old = value;
            return Ok(());
        }
        Kind::Extension { path, child } => {
            if let Some(rest) = key.strip_prefix(path.as_slice()) {
                return insert(child, rest, value, bag);
            }
            path
        }
        Kind::Leaf { path, .. } => path,
    };
    let common = path
        .iter()
        .zip(key)
        .take_while(|(left, right)| left == right)
        .count();
    split(place, common, key, value)
}

/// Put a branch where the node at `place` and `key` part, after `common` nibbles.
fn split(place: &mut Child, common: usize, key: &[u8], value: Bytes) -> Result<(), TrieError> {
    let Child::Open(node) = std::mem::take(place) else {
        return Err(TrieError::Malformed);
    };
    let mut children: Box<[Child; 16]> = Box::default();
    let (old_nibble, old) = match node.kind {
        Kind::Leaf { path, value } => {
            let (nibble, rest) = fork(&path, common)?;
            (nibble, Child::Open(Node::leaf(rest, value)))
        }
        Kind::Extension { path, child } => {
            let (nibble, rest) = fork(&path, common)?;
            (nibble, extend(rest, child))
        }
        Kind::Branch(_) => return Err(TrieError::Malformed),
    };
    let (new_nibble, rest) = fork(key, common)?;
    *children.get_mut(old_nibble).ok_or(TrieError::Malformed)? = old;
    *children.get_mut(new_nibble).ok_or(TrieError::Malformed)? =
        Child::Open(Node::leaf(rest, value));
    let branch = Child::Open(Node::changed(Kind::Branch(children)));
    *place = extend(key.get(..common).unwrap_or_default(), branch);
    Ok(())
}

/// The nibble after `common`, and what follows it; keys are no prefixes of each other.
fn fork(path: &[u8], common: usize) -> Result<(usize, &[u8]), TrieError> {
    let (nibble, rest) = path
        .get(common..)
        .and_then(<[u8]>::split_first)
        .ok_or(TrieError::Malformed)?;
    Ok((usize::from(*nibble), rest))
}

/// Put an extension before `child` where there is a path.
fn extend(path: &[u8], child: Child) -> Child {
    if path.is_empty() {
        return child;
    }
    Child::Open(Node::changed(Kind::Extension {
        path: path.to_vec(),
        child,
    }))
}

/// Remove `key` below `place` and say whether it was there.
pub(super) fn remove(place: &mut Child, key: &[u8], bag: &NodeBag) -> Result<bool, TrieError> {
    let Some(node) = place.open(bag)? else {
        return Ok(false);
    };
    let removed = match &mut node.kind {
        Kind::Leaf { path, .. } => {
            if path.as_slice() != key {
                return Ok(false);
            }
            *place = Child::Empty;
            return Ok(true);
        }
        Kind::Extension { path, child } => match key.strip_prefix(path.as_slice()) {
            None => false,
            Some(rest) => remove(child, rest, bag)?,
        },
        Kind::Branch(children) => {
            let (nibble, rest) = key.split_first().ok_or(TrieError::Malformed)?;
            let child = children
                .get_mut(usize::from(*nibble))
                .ok_or(TrieError::Malformed)?;
            remove(child, rest, bag)?
        }
    };
    if removed {
        node.reference = None;
        collapse(place, bag)?;
    }
    Ok(removed)
}

/// Restore the canonical form of the node at `place` after something below it went.
fn collapse(place: &mut Child, bag: &NodeBag) -> Result<(), TrieError> {
    let Child::Open(node) = place else {
        return Err(TrieError::Malformed);
    };
    let (prefix, child) = match &mut node.kind {
        Kind::Leaf { .. } => return Ok(()),
        Kind::Extension { path, child } => (std::mem::take(path), std::mem::take(child)),
        Kind::Branch(children) => {
            let mut filled = children
                .iter_mut()
                .zip(0u8..)
                .filter(|(child, _)| !matches!(child, Child::Empty));
            match (filled.next(), filled.next()) {
                // One child is left: it takes the branch's place.
                (Some((child, nibble)), None) => (vec![nibble], std::mem::take(child)),
                (None, _) => {
                    *place = Child::Empty;
                    return Ok(());
                }
                _ => return Ok(()),
            }
        }
    };
    *place = join(prefix, child, bag)?;
    Ok(())
}

/// Put `prefix` before the path of `child`, which must be known for that.
fn join(mut prefix: Vec<u8>, mut child: Child, bag: &NodeBag) -> Result<Child, TrieError> {
    child.open(bag)?;
    let Child::Open(mut node) = child else {
        return Ok(Child::Empty);
    };
    match &mut node.kind {
        Kind::Leaf { path, .. } | Kind::Extension { path, .. } => {
            prefix.append(path);
            *path = prefix;
            node.reference = None;
            Ok(Child::Open(node))
        }
        Kind::Branch(_) => Ok(extend(&prefix, Child::Open(node))),
    }
}
