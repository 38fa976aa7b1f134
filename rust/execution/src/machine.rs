//! The EVM of one block, with buffers that outlive a call.
//!
//! A fresh EVM clears 32 KiB of stack for every call; in the guest that alone costs more cycles
//! than a transfer's signature. Here stacks and memories are handed from call to call.

use std::sync::Arc;

use bytes::Bytes;
use ethrex_common::constants::SYSTEM_ADDRESS;
use ethrex_common::types::requests::{EncodedRequests, Requests};
use ethrex_common::types::{
    AccountUpdate, EIP1559Transaction, Fork, InitcodeBuffer, Receipt, Transaction, TxKind,
    Withdrawal,
};
use ethrex_common::{Address, U256};
use ethrex_crypto::Crypto;
use ethrex_levm::call_frame::Stack;
use ethrex_levm::constants::SYS_CALL_GAS_LIMIT;
use ethrex_levm::db::gen_db::GeneralizedDatabase;
use ethrex_levm::errors::{ExecutionReport, TxResult};
use ethrex_levm::memory::Memory;
use ethrex_levm::tracing::LevmCallTracer;
use ethrex_levm::vm::{VM, VMType};
use ethrex_levm::{EVMConfig, Environment};
use ethrex_vm::system_contracts::{
    BEACON_ROOTS_ADDRESS, CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS, HISTORY_STORAGE_ADDRESS,
    WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS,
};
use ethrex_vm::{Evm, EvmError};

use crate::header::Header;
use crate::rules;
use crate::transfer::plain_transfer;
use crate::witness::WitnessState;

/// EVM over the state of one block.
pub(crate) struct Machine<'a> {
    evm: Evm,
    crypto: &'a dyn Crypto,
    header: &'a Header,
    config: EVMConfig,
    chain_id: u64,
    blob_base_fee: U256,
    stacks: Vec<Stack>,
    memories: Vec<Memory>,
    initcodes: Vec<InitcodeBuffer>,
}

impl<'a> Machine<'a> {
    /// Start the EVM for a block with `header` over `state`.
    pub(crate) fn new(
        header: &'a Header,
        chain_id: u64,
        blob_base_fee: U256,
        state: &WitnessState,
        crypto: &'a Arc<dyn Crypto>,
    ) -> Self {
        let blob_schedule = rules::chain_config(chain_id).blob_schedule.osaka;
        Self {
            evm: Evm::new_for_l1(state.clone(), Arc::clone(crypto)),
            crypto: crypto.as_ref(),
            header,
            config: EVMConfig::new(Fork::Osaka, blob_schedule),
            chain_id,
            blob_base_fee,
            stacks: Vec::new(),
            memories: Vec::new(),
            initcodes: Vec::new(),
        }
    }

    /// Run the opening system calls: beacon roots (EIP-4788), block hashes (EIP-2935).
    pub(crate) fn opening_system_calls(&mut self) -> Result<(), EvmError> {
        let beacon_root = self.header.parent_beacon_block_root;
        let parent_hash = self.header.parent_hash;
        self.system_call(
            BEACON_ROOTS_ADDRESS.address,
            Bytes::copy_from_slice(&beacon_root.0),
        )?;
        self.system_call(
            HISTORY_STORAGE_ADDRESS.address,
            Bytes::copy_from_slice(&parent_hash.0),
        )?;
        Ok(())
    }

    /// Apply a plain transfer without the EVM; `None` says that `transaction` is none.
    pub(crate) fn plain_transfer(
        &mut self,
        transaction: &Transaction,
        gas_price: U256,
        sender: Address,
        cumulative_gas: &mut u64,
    ) -> Result<Option<Receipt>, EvmError> {
        let (db, header) = (&mut self.evm.db, self.header);
        plain_transfer(db, header, transaction, gas_price, sender, cumulative_gas)
    }

    /// Run one transaction and add its gas to `cumulative_gas`.
    pub(crate) fn transaction(
        &mut self,
        transaction: &Transaction,
        gas_price: U256,
        sender: Address,
        cumulative_gas: &mut u64,
    ) -> Result<Receipt, EvmError> {
        let environment = Environment {
            origin: sender,
            gas_limit: transaction.gas_limit(),
            chain_id: self.chain_id.into(),
            base_fee_per_gas: self.header.base_fee_per_gas.into(),
            base_blob_fee_per_gas: self.blob_base_fee,
            gas_price,
            tx_blob_hashes: transaction.blob_versioned_hashes(),
            tx_max_priority_fee_per_gas: transaction.max_priority_fee().map(U256::from),
            tx_max_fee_per_gas: transaction.max_fee_per_gas().map(U256::from),
            tx_max_fee_per_blob_gas: transaction.max_fee_per_blob_gas(),
            tx_nonce: transaction.nonce(),
            ..self.environment()
        };
        let report = self.run(environment, transaction)?;
        *cumulative_gas = cumulative_gas.saturating_add(report.gas_spent);
        let succeeded = report.is_success();
        Ok(Receipt::new(
            transaction.tx_type(),
            succeeded,
            *cumulative_gas,
            report.logs,
        ))
    }

    /// Collect the requests of EIP-7685: deposits, withdrawals, consolidations.
    pub(crate) fn requests(
        &mut self,
        receipts: &[Receipt],
    ) -> Result<Vec<EncodedRequests>, EvmError> {
        let withdrawals = self.request_call(WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS.address)?;
        let consolidations = self.request_call(CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS.address)?;
        let deposit_contract = rules::chain_config(self.chain_id).deposit_contract_address;
        let deposits = Requests::from_deposit_receipts(deposit_contract, receipts)
            .ok_or(EvmError::InvalidDepositRequest)?;
        Ok([
            deposits,
            Requests::from_withdrawals_data(withdrawals),
            Requests::from_consolidation_data(consolidations),
        ]
        .iter()
        .map(Requests::encode)
        .collect())
    }

    /// Credit the withdrawals of the consensus layer.
    pub(crate) fn withdrawals(&mut self, withdrawals: &[Withdrawal]) -> Result<(), EvmError> {
        self.evm.process_withdrawals(withdrawals)
    }

    /// Change a balance; the inner `None` says that `change` refused it.
    pub(crate) fn change_balance(
        &mut self,
        address: Address,
        change: impl FnOnce(U256) -> Option<U256>,
    ) -> Result<Option<()>, EvmError> {
        let account = self.evm.db.get_account_mut(address)?;
        Ok(change(account.info.balance).map(|balance| account.info.balance = balance))
    }

    /// Copy what has been read and written so far.
    pub(crate) fn snapshot(&self) -> GeneralizedDatabase {
        self.evm.db.clone()
    }

    /// Go back to a snapshot.
    pub(crate) fn restore(&mut self, snapshot: GeneralizedDatabase) {
        self.evm.db = snapshot;
    }

    /// Take the changes of the whole block.
    pub(crate) fn state_transitions(&mut self) -> Result<Vec<AccountUpdate>, EvmError> {
        self.evm.get_state_transitions()
    }

    fn environment(&self) -> Environment {
        Environment {
            config: self.config,
            block_number: self.header.number,
            coinbase: self.header.coinbase,
            timestamp: self.header.timestamp,
            prev_randao: Some(self.header.prev_randao),
            block_excess_blob_gas: Some(self.header.excess_blob_gas),
            block_blob_gas_used: Some(self.header.blob_gas_used),
            block_gas_limit: self.header.gas_limit,
            ..Environment::default()
        }
    }

    /// Call a system contract as EIP-4788, 2935, 7002 and 7251 say: free, 30 million gas.
    fn system_call(&mut self, to: Address, data: Bytes) -> Result<ExecutionReport, EvmError> {
        let environment = Environment {
            origin: SYSTEM_ADDRESS,
            gas_limit: SYS_CALL_GAS_LIMIT,
            is_system_call: true,
            ..self.environment()
        };
        let transaction = Transaction::EIP1559Transaction(EIP1559Transaction {
            to: TxKind::Call(to),
            data,
            ..EIP1559Transaction::default()
        });
        self.run(environment, &transaction)
    }

    /// Call a request predeploy; one without code, or that reverts, is a failed call.
    fn request_call(&mut self, predeploy: Address) -> Result<Vec<u8>, EvmError> {
        if self.evm.db.get_account_code(predeploy)?.is_empty() {
            return Err(EvmError::SystemContractCallFailed(format!(
                "{predeploy:?} has no code"
            )));
        }
        let report = self.system_call(predeploy, Bytes::new())?;
        match report.result {
            TxResult::Success => Ok(report.output.into()),
            TxResult::Revert(error) => Err(EvmError::SystemContractCallFailed(error.to_string())),
        }
    }

    fn run(
        &mut self,
        environment: Environment,
        transaction: &Transaction,
    ) -> Result<ExecutionReport, EvmError> {
        let mut vm = VM::new_pooled(
            environment,
            &mut self.evm.db,
            transaction,
            LevmCallTracer::disabled(),
            VMType::L1,
            self.crypto,
            None,
            &mut self.stacks,
            &mut self.memories,
            &mut self.initcodes,
        )?;
        let report = vm.execute();
        vm.reclaim_into(&mut self.stacks, &mut self.memories, &mut self.initcodes);
        Ok(report?)
    }
}
