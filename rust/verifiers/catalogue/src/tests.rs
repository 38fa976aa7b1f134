use super::*;

const KEY: [u8; 32] = [0; 32];

fn refused(system: System, program_vk: &[u8], verifier_key: Option<&[u8]>) -> Error {
    open(system, program_vk, verifier_key).unwrap_err()
}

#[test]
fn names_are_read_back_and_are_all_different() {
    for system in System::ALL {
        assert_eq!(system.name().parse(), Ok(system));
        assert_eq!(system.to_string(), system.name());
    }
    assert!("sp2".parse::<System>().is_err());
    assert!("SP1".parse::<System>().is_err());
}

#[test]
fn every_system_opens_but_the_one_whose_circuit_is_its_key() {
    for system in System::ALL {
        match open(system, &KEY, None) {
            Ok(verifier) => assert!(verifier.max_proof_bytes() <= 4 << 20),
            Err(error) => {
                assert_eq!(system, System::Groth16Bn254);
                assert_eq!(error, CannotVerify::VerifierKeyMissing.into());
            }
        }
    }
}

#[test]
fn program_keys_have_32_bytes() {
    for system in System::ALL {
        for length in [0, 31, 33, 64] {
            let key = vec![0; length];
            let given = system.takes_verifier_key().then_some(&b"key"[..]);
            let Error::Refused(Refusal::ProgramKeyMalformed { .. }) = refused(system, &key, given)
            else {
                panic!("{system} takes {length} bytes");
            };
        }
    }
}

#[test]
fn verifier_key_is_refused_where_it_would_be_ignored() {
    for system in System::ALL {
        let expected = Refusal::VerifierKeyMalformed {
            detail: "this proof system takes none".into(),
        };
        let is_none = refused(system, &KEY, Some(b"key")) == expected.into();
        assert_eq!(is_none, !system.takes_verifier_key(), "{system}");
    }
}
