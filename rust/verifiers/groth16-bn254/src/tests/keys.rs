//! Keys: each byte of an encoding counts, and each encoding is the only one.

use super::*;

/// Where the pieces of gnark's key begin.
const BETA_G2: usize = 64;
const GAMMA_G2: usize = 128;
const INPUT_COUNT: usize = 288;
const INPUT_POINTS: usize = 292;
const COMMITMENTS: usize = GNARK_KEY.len() - 8;

fn open(key: &[u8]) -> Error {
    Verifier::new(digest(key), key).unwrap_err()
}

fn malformed(detail: &str) -> Error {
    Refusal::VerifierKeyMalformed {
        detail: detail.into(),
    }
    .into()
}

fn gnark_with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut key = GNARK_KEY.to_vec();
    key[at..at + bytes.len()].copy_from_slice(bytes);
    key
}

fn snarkjs_with(old: &str, new: &str) -> Vec<u8> {
    let text = std::str::from_utf8(SNARKJS_KEY).unwrap();
    assert_eq!(text.matches(old).count(), 1, "{old}");
    text.replace(old, new).into_bytes()
}

#[test]
fn program_is_the_digest_of_its_key() {
    let other = [7; 32];
    assert_eq!(
        Verifier::new(other, GNARK_KEY).unwrap_err(),
        Refusal::ProgramKeyMismatch {
            expected: Hash(other),
            got: Hash(digest(GNARK_KEY))
        }
        .into()
    );
}

#[test]
fn long_key_is_not_hashed() {
    assert_eq!(
        Verifier::new([0; 32], &[0; MAX_KEY_BYTES + 1]).unwrap_err(),
        malformed("it has 65537 bytes, limit 65536")
    );
}

#[test]
fn length_of_a_gnark_key_is_exact() {
    for kept in [0, 1, 100, 287, 290, INPUT_POINTS, 387, GNARK_KEY.len() - 1] {
        let detail = format!("it is cut, after {kept} bytes");
        assert_eq!(open(&GNARK_KEY[..kept]), malformed(&detail));
    }
    let extended = [GNARK_KEY, &[0, 0]].concat();
    assert_eq!(open(&extended), malformed("2 bytes stand behind it"));
}

#[test]
fn announced_points_must_be_there() {
    for count in [4, 0xffff_ffff_u32] {
        let key = gnark_with(INPUT_COUNT, &count.to_be_bytes());
        let detail = format!("it is cut, after {} bytes", GNARK_KEY.len());
        assert_eq!(open(&key), malformed(&detail));
    }
}

#[test]
fn key_without_points_for_inputs_is_refused() {
    let key = [&GNARK_KEY[..INPUT_COUNT], &[0; 12]].concat();
    assert_eq!(open(&key), malformed("it has no points for public inputs"));
}

#[test]
fn key_with_commitments_is_not_supported() {
    for at in [COMMITMENTS, COMMITMENTS + 4] {
        assert_eq!(
            open(&gnark_with(at, &1u32.to_be_bytes())),
            CannotVerify::Unsupported {
                kind: "keys of gnark with commitments".into()
            }
            .into()
        );
    }
}

#[test]
fn coordinates_of_a_key_are_below_the_modulus() {
    for (at, name) in [
        (0, "alpha in G1"),
        (32, "beta in G1"),
        (BETA_G2, "beta in G2"),
        (GAMMA_G2, "gamma in G2"),
        (192, "delta in G1"),
        (224, "delta in G2"),
        (INPUT_POINTS + 64, "point 2 of the public inputs"),
    ] {
        let expected = Refusal::FieldElementNotCanonical {
            what: format!("verifier key: {name}"),
        };
        assert_eq!(open(&gnark_with(at, &[0xbf; 32])), expected.into());
    }
}

#[test]
fn flags_of_a_compressed_point_are_known_ones() {
    assert_eq!(
        open(&gnark_with(0, &[GNARK_KEY[0] & 0b0011_1111])),
        malformed("verifier key: alpha in G1 has the flags of no compressed point")
    );
    let infinity_with_a_coordinate = [0b0100_0000 | GNARK_KEY[0] & 0b0011_1111];
    assert_eq!(
        open(&gnark_with(0, &infinity_with_a_coordinate)),
        malformed("verifier key: alpha in G1 has the flags of no compressed point")
    );
}

#[test]
fn points_of_a_key_are_on_their_curves_and_in_their_groups() {
    // No point has the coordinate 4: 4³ + 3 is no square.
    let off = [&[0b1000_0000][..], &[0; 30], &[4]].concat();
    let outside = outside_of_the_subgroup();
    let mut compressed = outside[..64].to_vec();
    compressed[0] |= 0b1000_0000;
    assert_eq!(
        open(&gnark_with(0, &off)),
        Refusal::PointNotOnCurve {
            what: "verifier key: alpha in G1".into()
        }
        .into()
    );
    assert_eq!(
        open(&gnark_with(GAMMA_G2, &compressed)),
        Refusal::PointNotInSubgroup {
            what: "verifier key: gamma in G2".into()
        }
        .into()
    );
}

#[test]
fn infinity_is_a_point_of_inputs_only() {
    let infinity = [&[0b0100_0000][..], &[0; 63]].concat();
    for (at, name) in [(BETA_G2, "beta"), (GAMMA_G2, "gamma"), (224, "delta")] {
        let detail = format!("{name} is the point at infinity");
        assert_eq!(open(&gnark_with(at, &infinity)), malformed(&detail));
    }
    let unused = gnark_with(INPUT_POINTS + 32, &infinity[..32]);
    assert!(Verifier::new(digest(&unused), &unused).is_ok());
}

#[test]
fn every_flipped_bit_of_a_gnark_key_gives_another_key_or_a_refusal() {
    // β₁ and δ₁ are not part of the equation: no proof says anything about them.
    let unused = |at: usize| (32..64).contains(&at) || (192..224).contains(&at);
    for at in (0..GNARK_KEY.len()).filter(|at| !unused(*at)) {
        let key = gnark_with(at, &[GNARK_KEY[at] ^ 1 << (at % 8)]);
        if let Ok(verifier) = Verifier::new(digest(&key), &key) {
            let answer = verifier.verify(PROOF, Some(PUBLIC_VALUES));
            assert_eq!(answer, Err(invalid().into()), "byte {at}");
        }
    }
}

#[test]
fn snarkjs_keys_have_one_protocol_and_one_curve() {
    let other = malformed("it is not of protocol groth16 on curve bn128");
    assert_eq!(open(&snarkjs_with("\"groth16\"", "\"plonk\"")), other);
    assert_eq!(open(&snarkjs_with("\"bn128\"", "\"bls12381\"")), other);
}

#[test]
fn snarkjs_keys_have_as_many_points_as_they_say() {
    for (count, shown) in [("3", "3"), ("0", "0")] {
        let key = snarkjs_with("\"nPublic\": 2", &format!("\"nPublic\": {count}"));
        let detail = format!("3 points for {shown} public inputs");
        assert_eq!(open(&key), malformed(&detail));
    }
}

#[test]
fn snarkjs_numbers_are_canonical() {
    let alpha = "\"vk_alpha_1\": [\n  \"";
    for prefix in ["0", "+", " ", "-", "0x"] {
        let key = snarkjs_with(alpha, &format!("{alpha}{prefix}"));
        let detail = "verifier key: alpha in G1 is not in decimal digits";
        assert_eq!(open(&key), malformed(detail));
    }
    let key = snarkjs_with(alpha, &format!("{alpha}9"));
    let what = "verifier key: alpha in G1".into();
    assert_eq!(
        open(&key),
        Refusal::FieldElementNotCanonical { what }.into()
    );
}

#[test]
fn snarkjs_keys_that_are_cut_or_extended_are_malformed() {
    for key in [
        SNARKJS_KEY[..SNARKJS_KEY.len() - 3].to_vec(),
        [SNARKJS_KEY, b"{}"].concat(),
        snarkjs_with("\"curve\"", "\"kurve\""),
        b"{}".to_vec(),
        [b'{'; 60_000].to_vec(),
    ] {
        let Error::Refused(Refusal::VerifierKeyMalformed { .. }) = open(&key) else {
            panic!("{:?}", open(&key));
        };
    }
}

#[test]
fn what_a_key_says_is_not_repeated_at_length() {
    let long = "A".repeat(60_000);
    for (key, start) in [
        (format!("{{\"{long}\": 1}}"), "unknown field `AAA"),
        (
            format!("{{\"nPublic\": \"{long}\"}}"),
            "invalid type: string \"AAA",
        ),
    ] {
        let Error::Refused(Refusal::VerifierKeyMalformed { detail }) = open(key.as_bytes()) else {
            panic!("accepted");
        };
        assert_eq!(detail.len(), 200);
        assert!(detail.starts_with(start), "{detail}");
    }
}
