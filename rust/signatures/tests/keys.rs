//! Keys, caches, and recovery of single signatures.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod support;

use std::num::NonZeroUsize;
use std::thread;

use support::Signer;
use zkattest_signatures::{
    KeyCache, PublicKey, SenderCache, Signature, recover_all, senders_with_keys,
};

fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let digits = (0..N).map(|n| u8::from_str_radix(&text[2 * n..2 * n + 2], 16).unwrap());
    digits.collect::<Vec<u8>>().try_into().unwrap()
}

/// G, the key whose secret is one.
fn generator() -> [u8; 64] {
    bytes(
        "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
         483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
    )
}

fn capacity(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap()
}

#[test]
fn address_of_the_first_key_is_the_known_one() {
    let key = PublicKey::from_bytes(&generator()).unwrap();
    assert_eq!(
        key.address(),
        bytes("7e5f4552091a69125d5dfcb7b8c2659029395bdf")
    );
    assert_eq!(key.bytes(), &generator());
}

#[test]
fn key_off_the_curve_is_refused() {
    let key = generator();
    for place in 0..64 {
        for bit in [0, 7] {
            let mut bent = key;
            bent[place] ^= 1 << bit;
            assert_eq!(PublicKey::from_bytes(&bent), None);
        }
    }
    assert_eq!(PublicKey::from_bytes(&[0; 64]), None);
    assert_eq!(PublicKey::from_bytes(&[0xff; 64]), None);
}

#[test]
fn key_with_a_coordinate_above_the_field_is_refused() {
    // x = 1 is on the curve; x = p + 1 fits into 32 bytes and is the same element.
    let y = "4218f20ae6c646b363db68605822fb14264ca8d2587fdd6fbc750d587e76a7ee";
    let small: [u8; 64] = bytes(&format!("{:064x}{y}", 1));
    assert!(PublicKey::from_bytes(&small).is_some());
    let field = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30";
    let large: [u8; 64] = bytes(&format!("{field}{y}"));
    assert_eq!(PublicKey::from_bytes(&large), None);
}

#[test]
fn sender_of_the_example_of_eip_155_is_recovered() {
    let signature = Signature::new(
        bytes("daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53"),
        &[],
        &bytes::<32>("28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276"),
        &bytes::<32>("67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d83"),
    );
    let sender = bytes("9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f");
    assert_eq!(recover_all(&[signature]), [Some(sender)]);
}

#[test]
fn short_numbers_are_read_as_if_padded() {
    let padded = Signature::new(
        [7; 32],
        &[1],
        &[&[0; 31][..], &[1]].concat(),
        &[&[0; 31][..], &[2]].concat(),
    );
    assert_eq!(Signature::new([7; 32], &[1], &[1], &[2]), padded);
    assert!(padded.recover().is_some());
}

#[test]
fn authority_with_a_high_s_is_nobody() {
    let half = bytes::<32>("7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0");
    let mut above = half;
    above[31] += 1;
    let sender = |s| Signature::new([7; 32], &[], &[1], s).recover();
    let authority = |s| Signature::of_authority([7; 32], &[], &[1], s).recover();
    assert!(authority(&half).is_some());
    assert_eq!(authority(&half), sender(&half));
    assert!(sender(&above).is_some());
    assert_eq!(authority(&above), None);
}

#[test]
fn parity_other_than_zero_and_one_is_nobodys() {
    for parity in [&[2][..], &[0], &[1, 0], &[27]] {
        assert_eq!(Signature::new([7; 32], parity, &[1], &[1]).recover(), None);
    }
}

#[test]
fn cache_gives_back_what_was_put_in() {
    let cache = KeyCache::new(capacity(10));
    let keys: Vec<PublicKey> = (1..4).map(|n| Signer::new(n).key).collect();
    cache.insert_many(&keys);
    let stranger = Signer::new(9).key.address();
    let found = cache.get_many(&[keys[2].address(), stranger, keys[0].address()]);
    assert_eq!(found, [Some(keys[2]), None, Some(keys[0])]);
}

#[test]
fn cache_drops_what_was_not_used_for_longest() {
    let cache = KeyCache::new(capacity(2));
    let keys: Vec<PublicKey> = (1..4).map(|n| Signer::new(n).key).collect();
    let addresses: Vec<_> = keys.iter().map(PublicKey::address).collect();
    cache.insert_many(&keys[..2]);
    assert_eq!(cache.get_many(&addresses[..1]), [Some(keys[0])]);
    cache.insert_many(&keys[2..]);
    assert_eq!(
        cache.get_many(&addresses),
        [Some(keys[0]), None, Some(keys[2])]
    );
}

#[test]
fn sender_cache_answers_by_transaction() {
    let cache = SenderCache::new(capacity(2));
    cache.insert_many(&[([1; 32], [0xa; 20]), ([2; 32], [0xb; 20])]);
    assert_eq!(cache.get_many(&[[2; 32], [3; 32]]), [Some([0xb; 20]), None]);
}

#[test]
fn caches_serve_several_threads() {
    let cache = KeyCache::new(capacity(1_000));
    thread::scope(|scope| {
        for part in 0..4u64 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 1..=25 {
                    cache.insert_many(&[Signer::new(100 * part + n).key]);
                }
            });
        }
    });
    let numbers = (0..4u64).flat_map(|part| (1..=25).map(move |n| 100 * part + n));
    let keys: Vec<PublicKey> = numbers.map(|n| Signer::new(n).key).collect();
    let addresses: Vec<_> = keys.iter().map(PublicKey::address).collect();
    let found: Vec<PublicKey> = cache.get_many(&addresses).into_iter().flatten().collect();
    assert_eq!(found, keys);
}

#[test]
fn keys_that_an_outcome_names_serve_as_hints() {
    let signatures: Vec<Signature> = (0..200u64)
        .map(|n| {
            Signer::new(n % 20 + 1)
                .sign([n as u8; 32], n + 1)
                .signature()
        })
        .collect();
    let first = senders_with_keys(&signatures, &[]);
    assert_eq!((first.batch_verified, first.recovered), (0, 200));
    let cache = KeyCache::new(capacity(100));
    cache.insert_many(&first.keys.iter().flatten().copied().collect::<Vec<_>>());
    let addresses: Vec<_> = first.senders.iter().flatten().copied().collect();
    let second = senders_with_keys(&signatures, &cache.get_many(&addresses));
    assert_eq!((second.batch_verified, second.recovered), (200, 0));
    assert_eq!(second.senders, first.senders);
}
