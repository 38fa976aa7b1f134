//! Find node records by discv5 (Node Discovery Protocol v5.1).
//!
//! The first line of standard input is a JSON object: `key` (64 hexadecimal digits), `enr` (our
//! signed record), `listen` (IP address and UDP port), `bootnodes` (records) and `interval_ms`. Out
//! come JSON lines: `listening` with our record, `found` with each record that was not seen before,
//! or one `failed` with a reason. The end of standard input ends the program.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use discv5::{ConfigBuilder, Discv5, Enr, ListenConfig};
use enr::{CombinedKey, NodeId};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

/// Records that are remembered as said; beyond it, all of them are forgotten and said again.
const MOST_SEEN: usize = 4096;
const MAX_INPUT_BYTES: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    key: String,
    enr: String,
    listen: SocketAddr,
    bootnodes: Vec<String>,
    interval_ms: u64,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Event {
    Listening { enr: String },
    Found { enr: String },
    Failed { reason: String },
}

fn say(event: &Event) -> Result<(), Box<dyn Error>> {
    println!("{}", serde_json::to_string(event)?);
    Ok(())
}

fn read_key(text: &str) -> Result<CombinedKey, Box<dyn Error>> {
    let mut key = [0; 32];
    if text.len() != 2 * key.len() || !text.is_ascii() {
        return Err("key: expected 64 hexadecimal digits".into());
    }
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        let digits = text.get(at..at + 2).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).map_err(|_| "key: is no hexadecimal")?;
    }
    CombinedKey::secp256k1_from_bytes(&mut key).map_err(|error| format!("key: {error}").into())
}

async fn search(settings: Settings) -> Result<(), Box<dyn Error>> {
    let ours: Enr = settings
        .enr
        .parse()
        .map_err(|error| format!("enr: {error}"))?;
    let config = ConfigBuilder::new(ListenConfig::from(settings.listen)).build();
    let mut discovery: Discv5 = Discv5::new(ours, read_key(&settings.key)?, config)?;
    for (index, text) in settings.bootnodes.iter().enumerate() {
        let record: Enr = text
            .parse()
            .map_err(|error| format!("bootnodes[{index}]: {error}"))?;
        discovery
            .add_enr(record)
            .map_err(|error| format!("bootnodes[{index}]: {error}"))?;
    }
    discovery
        .start()
        .await
        .map_err(|error| format!("listen: {error}"))?;
    say(&Event::Listening {
        enr: discovery.local_enr().to_base64(),
    })?;
    let mut seen: HashMap<NodeId, u64> = HashMap::new();
    loop {
        // A search that fails, for want of peers say, is made again.
        let answers = discovery
            .find_node(NodeId::random())
            .await
            .unwrap_or_default();
        for record in answers.into_iter().chain(discovery.table_entries_enr()) {
            if seen.len() >= MOST_SEEN {
                seen.clear();
            }
            if seen.insert(record.node_id(), record.seq()) != Some(record.seq()) {
                say(&Event::Found {
                    enr: record.to_base64(),
                })?;
            }
        }
        tokio::time::sleep(Duration::from_millis(settings.interval_ms)).await;
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let mut input = BufReader::new(tokio::io::stdin().take(MAX_INPUT_BYTES));
    let mut line = String::new();
    input.read_line(&mut line).await?;
    let settings = serde_json::from_str(&line).map_err(|error| format!("settings: {error}"))?;
    let mut rest = Vec::new();
    tokio::select! {
        ended = search(settings) => ended,
        read = input.read_to_end(&mut rest) => read.map(|_| ()).map_err(Into::into),
    }
}

#[tokio::main]
async fn main() {
    if let Err(error) = run().await {
        let _ = say(&Event::Failed {
            reason: error.to_string(),
        });
        std::process::exit(1);
    }
    // What still reads standard input would hold the process back.
    std::process::exit(0);
}
