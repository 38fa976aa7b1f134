//! SSZ of packages, inputs, witnesses and claims: one encoding a value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use zkattest_execution::{BlockPackage, ExecutionClaim, ExecutionWitness, StatelessInput};

fuzz_target!(|data: &[u8]| {
    if let Ok(package) = BlockPackage::decode(data) {
        assert_eq!(package.encode(), data, "package");
        let input = package.stateless_input();
        assert_eq!(
            StatelessInput::decode(&input.encode()).as_ref().ok(),
            Some(&input)
        );
    }
    if let Ok(input) = StatelessInput::decode(data) {
        assert_eq!(input.encode(), data, "input");
    }
    if let Ok(witness) = ExecutionWitness::decode(data) {
        assert_eq!(witness.encode(), data, "witness");
    }
    if let Ok(claim) = ExecutionClaim::decode(data) {
        assert_eq!(claim.encode().as_slice(), data, "claim");
    }
});
