//! A gossip peer made of rust-libp2p, driven by JSON lines; ../README.md has the protocol.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::StreamExt;
use libp2p::gossipsub::{
    self, DataTransform, IdentTopic, Message, MessageAcceptance, MessageId, RawMessage, TopicHash,
};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{identify, identity, noise, ping, tcp, yamux, Multiaddr, PeerId, Swarm};
use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, BufReader};

type Failure = Box<dyn Error>;
type Gossip = gossipsub::Behaviour<RawSnappy>;

const VERSION: &str = "rust-libp2p gossipsub 0.50.1";
const COUNTED: [(&str, &str); 5] = [
    ("topic_msg_recv_counts_unfiltered_total", "message_received"),
    ("topic_msg_sent_counts_total", "message_sent"),
    ("topic_iwant_msgs_total", "iwant_sent"),
    ("idontwant_msgs_ids_total", "idontwant_received"),
    ("removed_queued_messages_total", "unwanted_dropped"),
];

/// Compress and decompress payloads; the announced size is judged before any work.
#[derive(Clone)]
struct RawSnappy {
    limit_bytes: usize,
}

impl DataTransform for RawSnappy {
    fn inbound_transform(&self, raw: RawMessage) -> Result<Message, std::io::Error> {
        if snap::raw::decompress_len(&raw.data)? > self.limit_bytes {
            return Err(std::io::Error::other("too large"));
        }
        Ok(Message {
            source: raw.source,
            data: snap::raw::Decoder::new().decompress_vec(&raw.data)?,
            sequence_number: raw.sequence_number,
            topic: raw.topic,
        })
    }

    fn outbound_transform(&self, _: &TopicHash, data: Vec<u8>) -> Result<Vec<u8>, std::io::Error> {
        Ok(snap::raw::Encoder::new().compress_vec(&data)?)
    }
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    gossip: Gossip,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
}

struct Program {
    swarm: Swarm<Behaviour>,
    registry: Registry,
    verdict: String,
    held: HashMap<String, (MessageId, PeerId)>,
    agents: HashMap<PeerId, String>,
    /// A command that an event will answer: what, and about whom.
    waiting: Option<(String, PeerId)>,
}

fn say(event: Value) {
    println!("{event}");
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |elapsed| elapsed.as_millis() as u64)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The eth2 message id of a payload that was snappy; what was none is refused before.
fn message_id(message: &Message) -> MessageId {
    let topic = message.topic.as_str();
    let mut digest = Sha256::new();
    digest.update([1, 0, 0, 0]);
    digest.update((topic.len() as u64).to_le_bytes());
    digest.update(topic);
    digest.update(&message.data);
    MessageId::new(&digest.finalize()[..20])
}

/// The content that a seed stands for: SHA-256 of seed and counter, cut to size, its end zeroed.
fn content(seed: u64, size: usize, zeros: usize) -> Vec<u8> {
    let mut made = Vec::with_capacity(size + 32);
    let mut counter = 0u64;
    while made.len() < size {
        let mut digest = Sha256::new();
        digest.update(seed.to_le_bytes());
        digest.update(counter.to_le_bytes());
        made.extend_from_slice(&digest.finalize());
        counter += 1;
    }
    made.truncate(size - zeros);
    made.resize(size, 0);
    made
}

fn text<'a>(asked: &'a Value, name: &str) -> Result<&'a str, Failure> {
    let value = asked[name].as_str();
    value.ok_or_else(|| format!("{name}: expected a string").into())
}

fn number(asked: &Value, name: &str) -> Result<u64, Failure> {
    let value = asked[name].as_u64();
    value.ok_or_else(|| format!("{name}: expected a number").into())
}

fn acceptance(verdict: &str) -> MessageAcceptance {
    match verdict {
        "accept" => MessageAcceptance::Accept,
        "reject" => MessageAcceptance::Reject,
        _ => MessageAcceptance::Ignore,
    }
}

fn gossip_config(settings: &Value, limit_bytes: usize) -> Result<gossipsub::Config, Failure> {
    let degree = number(settings, "degree")? as usize;
    let low = number(settings, "degree_low")? as usize;
    let backoff_s = number(settings, "backoff_s")?;
    let mut config = gossipsub::ConfigBuilder::default();
    config
        .mesh_n(degree)
        .mesh_n_low(low)
        .mesh_n_high(number(settings, "degree_high")? as usize)
        .mesh_outbound_min(2.min(low.saturating_sub(1)).min(degree / 2))
        .gossip_lazy(6)
        .heartbeat_interval(Duration::from_millis(number(settings, "heartbeat_ms")?))
        .heartbeat_initial_delay(Duration::from_millis(100))
        .history_length(6)
        .history_gossip(3)
        .prune_backoff(Duration::from_secs(backoff_s))
        .unsubscribe_backoff(Duration::from_secs(backoff_s))
        .max_transmit_size(limit_bytes + limit_bytes / 6 + 1024)
        .flood_publish(false)
        .validation_mode(gossipsub::ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(message_id);
    if text(settings, "version")? == "1.1" {
        config.protocol_id("/meshsub/1.1.0", gossipsub::Version::V1_1);
    }
    Ok(config.build()?)
}

/// Only what a peer does wrong counts; everybody here has one address and few messages.
fn score_params(topics: &Value) -> (gossipsub::PeerScoreParams, gossipsub::PeerScoreThresholds) {
    let topic_params = gossipsub::TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.0,
        first_message_deliveries_weight: 0.0,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -100.0,
        invalid_message_deliveries_decay: 0.99,
        ..Default::default()
    };
    let names = topics.as_array().cloned().unwrap_or_default();
    let topics = names
        .iter()
        .filter_map(Value::as_str)
        .map(|name| (IdentTopic::new(name).hash(), topic_params.clone()));
    let params = gossipsub::PeerScoreParams {
        topics: topics.collect(),
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: -10.0,
        behaviour_penalty_threshold: 0.0,
        behaviour_penalty_decay: 0.99,
        ..Default::default()
    };
    let thresholds = gossipsub::PeerScoreThresholds {
        gossip_threshold: -4000.0,
        publish_threshold: -8000.0,
        graylist_threshold: -16000.0,
        ..Default::default()
    };
    (params, thresholds)
}

fn start(settings: &Value) -> Result<Program, Failure> {
    let limit_bytes = number(settings, "limit_bytes")? as usize;
    let mut registry = Registry::default();
    let (params, thresholds) = score_params(&settings["topics"]);
    let mut gossip = Gossip::new_with_transform(
        gossipsub::MessageAuthenticity::Anonymous,
        gossip_config(settings, limit_bytes)?,
        RawSnappy { limit_bytes },
    )?
    .with_metrics(&mut registry, Default::default());
    gossip.with_peer_score(params, thresholds)?;
    let key = match text(settings, "key")? {
        "ed25519" => identity::Keypair::generate_ed25519(),
        _ => identity::Keypair::generate_secp256k1(),
    };
    let swarm = libp2p::SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(
            tcp::Config::default(),
            noise::Config::new,
            yamux::Config::default,
        )?
        .with_behaviour(|key| Behaviour {
            gossip,
            identify: identify::Behaviour::new(
                identify::Config::new("eth2/1.0.0".into(), key.public())
                    .with_agent_version("rust-libp2p-gossipsub".into()),
            ),
            ping: ping::Behaviour::new(
                ping::Config::new().with_interval(Duration::from_millis(500)),
            ),
        })?
        .build();
    Ok(Program {
        swarm,
        registry,
        verdict: "accept".into(),
        held: HashMap::new(),
        agents: HashMap::new(),
        waiting: None,
    })
}

impl Program {
    fn gossip(&mut self) -> &mut Gossip {
        &mut self.swarm.behaviour_mut().gossip
    }

    /// Perform a command; None when an event will answer it.
    fn perform(&mut self, asked: &Value) -> Result<Option<Value>, Failure> {
        match text(asked, "do")? {
            "dial" => {
                let address: Multiaddr = text(asked, "address")?.parse()?;
                let peer = address.iter().find_map(|part| match part {
                    libp2p::multiaddr::Protocol::P2p(peer) => Some(peer),
                    _ => None,
                });
                self.swarm.dial(address)?;
                self.waiting = Some(("dial".into(), peer.ok_or("no peer in the address")?));
                return Ok(None);
            }
            "part" => {
                let peer = text(asked, "peer")?.parse()?;
                self.swarm
                    .disconnect_peer_id(peer)
                    .map_err(|()| "not connected")?;
                self.waiting = Some(("part".into(), peer));
                return Ok(None);
            }
            "ping" => {
                let peer = text(asked, "peer")?.parse()?;
                self.waiting = Some(("ping".into(), peer));
                return Ok(None);
            }
            "subscribe" => {
                self.gossip()
                    .subscribe(&IdentTopic::new(text(asked, "topic")?))?;
            }
            "unsubscribe" => {
                self.gossip()
                    .unsubscribe(&IdentTopic::new(text(asked, "topic")?));
            }
            "judge" => self.verdict = text(asked, "verdict")?.into(),
            "decide" => {
                let held = self.held.remove(text(asked, "id")?);
                let (id, from) = held.ok_or("no such message is held")?;
                let verdict = acceptance(text(asked, "verdict")?);
                self.gossip()
                    .report_message_validation_result(&id, &from, verdict);
            }
            "publish" => return self.publish(asked).map(Some),
            "state" => return Ok(Some(self.state(text(asked, "topic")?)?)),
            other => return Err(format!("unknown command {other:?}").into()),
        }
        Ok(Some(json!({})))
    }

    fn publish(&mut self, asked: &Value) -> Result<Value, Failure> {
        let (size, zeros) = (number(asked, "size")?, number(asked, "zeros")?);
        let data = content(number(asked, "seed")?, size as usize, zeros as usize);
        let sha256 = hex(&Sha256::digest(&data));
        let began = now_ms();
        let topic = IdentTopic::new(text(asked, "topic")?);
        let id = self.gossip().publish(topic, data)?;
        Ok(json!({"id": hex(&id.0), "sha256": sha256, "ms": began}))
    }

    fn counters(&self) -> Result<BTreeMap<&'static str, u64>, Failure> {
        let mut encoded = String::new();
        text::encode(&mut encoded, &self.registry)?;
        let mut counters = BTreeMap::new();
        for line in encoded.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, value)) = line.rsplit_once(' ') else {
                continue;
            };
            let family = name.split('{').next().unwrap_or(name);
            if let Some((_, known)) = COUNTED.iter().find(|(each, _)| *each == family) {
                *counters.entry(*known).or_default() += value.parse::<u64>()?;
            }
        }
        Ok(counters)
    }

    fn state(&mut self, topic: &str) -> Result<Value, Failure> {
        let hash = IdentTopic::new(topic).hash();
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        let counters = self.counters()?;
        let agents: Map<String, Value> = self
            .agents
            .iter()
            .filter(|(peer, _)| peers.contains(peer))
            .map(|(peer, agent)| (peer.to_string(), json!(agent)))
            .collect();
        let gossip = self.gossip();
        let subscribers: Vec<String> = gossip
            .all_peers()
            .filter(|(_, topics)| topics.contains(&&hash))
            .map(|(peer, _)| peer.to_string())
            .collect();
        let mesh: Vec<String> = gossip.mesh_peers(&hash).map(PeerId::to_string).collect();
        let protocols: Map<String, Value> = gossip
            .peer_protocol()
            .map(|(peer, kind)| (peer.to_string(), json!(protocol(kind.as_ref()))))
            .collect();
        let scores: Map<String, Value> = peers
            .iter()
            .map(|peer| (peer.to_string(), json!(gossip.peer_score(peer))))
            .collect();
        let peers: Vec<String> = peers.iter().map(PeerId::to_string).collect();
        Ok(json!({
            "peers": peers, "subscribers": subscribers, "mesh": mesh, "protocols": protocols,
            "agents": agents, "scores": scores, "counters": counters,
        }))
    }

    fn is_dialling(&self) -> bool {
        self.waiting
            .as_ref()
            .is_some_and(|(what, _)| what == "dial")
    }

    fn answer(&mut self, what: &str, about: PeerId, mut answer: Value) {
        if self
            .waiting
            .as_ref()
            .is_some_and(|(each, peer)| each == what && *peer == about)
        {
            self.waiting = None;
            answer["event"] = json!("answer");
            answer["do"] = json!(what);
            say(answer);
        }
    }

    fn handle(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => {
                let address = format!("{address}/p2p/{}", self.swarm.local_peer_id());
                say(json!({"event": "listening", "address": address, "program": VERSION}));
            }
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                self.answer("dial", peer_id, json!({}));
            }
            SwarmEvent::ConnectionClosed {
                peer_id,
                num_established: 0,
                ..
            } => {
                self.agents.remove(&peer_id);
                self.answer("part", peer_id, json!({}));
            }
            SwarmEvent::OutgoingConnectionError { error, .. } if self.is_dialling() => {
                self.waiting = None;
                say(json!({"event": "failed", "do": "dial", "reason": error.to_string()}));
            }
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            })) => self.received(propagation_source, message_id, &message),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received {
                peer_id,
                info,
                ..
            })) => {
                self.agents.insert(peer_id, info.agent_version);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event {
                peer,
                result: Ok(elapsed),
                ..
            })) => {
                let ms = elapsed.as_secs_f64() * 1000.0;
                self.answer("ping", peer, json!({ "ms": ms }));
            }
            _ => {}
        }
    }

    fn received(&mut self, from: PeerId, id: MessageId, message: &Message) {
        say(json!({
            "event": "message", "id": hex(&id.0), "sha256": hex(&Sha256::digest(&message.data)),
            "size": message.data.len(), "topic": message.topic.as_str(),
            "from": from.to_string(), "ms": now_ms(),
        }));
        if self.verdict == "hold" {
            self.held.insert(hex(&id.0), (id, from));
        } else {
            let verdict = acceptance(&self.verdict);
            self.gossip()
                .report_message_validation_result(&id, &from, verdict);
        }
    }
}

/// Name the protocol of a kind of peer, whose type the library does not export.
fn protocol(kind: &str) -> &'static str {
    match kind {
        "Gossipsub v1.2" => "/meshsub/1.2.0",
        "Gossipsub v1.1" => "/meshsub/1.1.0",
        _ => "another",
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let settings = std::env::args().nth(1).ok_or("expected settings as JSON")?;
    let mut program = start(&serde_json::from_str(&settings)?)?;
    program.swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse()?)?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            event = program.swarm.select_next_some() => program.handle(event),
            // One command at a time: the next waits until an event has answered this one.
            line = lines.next_line(), if program.waiting.is_none() => {
                let Some(line) = line? else { return Ok(()) };
                let asked: Value = serde_json::from_str(&line)?;
                let what = asked["do"].as_str().unwrap_or_default();
                if what == "bye" {
                    return Ok(());
                }
                match program.perform(&asked) {
                    Ok(None) => {}
                    Ok(Some(mut answer)) => {
                        answer["event"] = json!("answer");
                        answer["do"] = json!(what);
                        say(answer);
                    }
                    Err(failure) => say(json!({
                        "event": "failed", "do": what, "reason": failure.to_string(),
                    })),
                }
            }
        }
    }
}
