//! The statement over any input: no panic, and zeros or a root for the input's chain.
#![no_main]

use std::sync::Arc;

use ethrex_crypto::NativeCrypto;
use libfuzzer_sys::{Corpus, fuzz_target};
use zkattest_execution::{Block, StatelessInput, statement};

/// Most gas that is executed for one input.
const MAX_GAS: u64 = 3_000_000;

fuzz_target!(|data: &[u8]| -> Corpus {
    if let Ok(input) = StatelessInput::decode(data) {
        let Ok(block) = Block::decode(&input.block, &NativeCrypto) else {
            return Corpus::Keep;
        };
        let gas = |total: u64, tx: &ethrex_common::types::Transaction| {
            total.saturating_add(tx.gas_limit())
        };
        if block.transactions.iter().fold(0, gas) > MAX_GAS {
            return Corpus::Reject;
        }
    }
    let values = statement::run(data, Arc::new(NativeCrypto));
    if values != [0; 43] {
        assert_eq!(values[32], 1);
        assert_eq!(values[33..41], data[..8], "another chain");
        assert_eq!(values[41..], [0x86, 0x78]);
    }
    Corpus::Keep
});
