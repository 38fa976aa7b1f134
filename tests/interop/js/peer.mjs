// A gossip peer made of js-libp2p, driven by JSON lines; ../README.md has the protocol.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { createTopicScoreParams } from '@libp2p/gossipsub/score'
import { identify } from '@libp2p/identify'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import snappy from 'snappyjs'

const settings = JSON.parse(process.argv[2])
const say = (event) => process.stdout.write(JSON.stringify(event) + '\n')
const hex = (bytes) => Buffer.from(bytes).toString('hex')
const sha256 = (...parts) => {
  const digest = createHash('sha256')
  parts.forEach((part) => digest.update(part))
  return digest.digest()
}
const uint64 = (value) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

// The eth2 message id of a payload that was snappy; what was none is refused before.
const messageId = ({ topic, data }) => {
  const name = Buffer.from(topic)
  return sha256(Buffer.from([1, 0, 0, 0]), uint64(name.length), name, data).subarray(0, 20)
}

// The content that a seed stands for: SHA-256 of seed and counter, cut to size, its end zeroed.
const content = (seed, size, zeros) => {
  const blocks = []
  for (let counter = 0; counter * 32 < size; counter++) {
    blocks.push(sha256(uint64(seed), uint64(counter)))
  }
  return Buffer.concat(blocks).subarray(0, size).fill(0, size - zeros)
}

const counters = {}
const COUNTED = {
  gossipsub_rpc_recv_message_total: 'message_received',
  gossipsub_rpc_sent_message_total: 'message_sent',
  gossipsub_rpc_recv_graft_total: 'graft_received',
  gossipsub_rpc_sent_graft_total: 'graft_sent',
  gossipsub_rpc_recv_prune_total: 'prune_received',
  gossipsub_rpc_sent_prune_total: 'prune_sent',
  gossipsub_rpc_sent_ihave_total: 'ihave_sent',
  gossipsub_rpc_sent_iwant_total: 'iwant_sent',
  gossipsub_rpc_sent_idontwant_total: 'idontwant_sent',
  gossipsub_ihave_rcv_msgids_total: 'ihave_received',
  gossipsub_iwant_rcv_msgids_total: 'iwant_received',
  gossipsub_idontwant_rcv_msgids_total: 'idontwant_received',
  gossipsub_pre_validation_duplicate_total: 'duplicate'
}

// The library counts into what it is given for metrics.
const counter = ({ name }) => ({
  inc: (labels, value) => {
    const more = typeof labels === 'number' ? labels : value ?? 1
    const known = COUNTED[name]
    if (known !== undefined) counters[known] = (counters[known] ?? 0) + more
  },
  set: () => {},
  addCollect: () => {}
})
const nothing = () => ({
  startTimer: () => () => {},
  observe: () => {},
  reset: () => {},
  set: () => {}
})
const metricsRegister = { gauge: counter, histogram: nothing, avgMinMax: nothing }

// Only what a peer does wrong counts; everybody here has one address and few messages.
const scoreParams = {
  IPColocationFactorWeight: 0,
  behaviourPenaltyWeight: -10,
  behaviourPenaltyThreshold: 0,
  behaviourPenaltyDecay: 0.99,
  topics: Object.fromEntries(settings.topics.map((topic) => [topic, createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0,
    firstMessageDeliveriesWeight: 0,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: -100,
    invalidMessageDeliveriesDecay: 0.99
  })]))
}

const limit = settings.limit_bytes + Math.floor(settings.limit_bytes / 6) + 1024
const node = await createLibp2p({
  start: false,
  privateKey: await generateKeyPair({ ed25519: 'Ed25519', secp256k1: 'secp256k1' }[settings.key]),
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  nodeInfo: { userAgent: 'js-libp2p-gossipsub' },
  services: {
    identify: identify(),
    ping: ping(),
    pubsub: gossipsub({
      globalSignaturePolicy: 'StrictNoSign',
      fallbackToFloodsub: false,
      floodPublish: false,
      allowPublishToZeroTopicPeers: true,
      asyncValidation: true,
      msgIdFn: messageId,
      dataTransform: {
        inboundTransform: (_, payload) => snappy.uncompress(payload, settings.limit_bytes),
        outboundTransform: (_, data) => snappy.compress(data)
      },
      D: settings.degree,
      Dlo: settings.degree_low,
      Dhi: settings.degree_high,
      Dout: Math.max(0, Math.min(2, settings.degree_low - 1, Math.floor(settings.degree / 2))),
      Dlazy: 6,
      heartbeatInterval: settings.heartbeat_ms,
      mcacheLength: 6,
      mcacheGossip: 3,
      pruneBackoff: settings.backoff_s * 1000,
      unsubcribeBackoff: settings.backoff_s * 1000, // sic
      maxInboundDataLength: limit,
      maxOutboundBufferSize: 4 * limit,
      scoreParams,
      scoreThresholds: {
        gossipThreshold: -4000,
        publishThreshold: -8000,
        graylistThreshold: -16000
      },
      metricsRegister,
      metricsTopicStrToLabel: new Map()
    })
  }
})
const pubsub = node.services.pubsub
if (settings.version === '1.1') pubsub.protocols = ['/meshsub/1.1.0']

let verdict = 'accept'
const held = new Map()
const report = (id, source, value) => pubsub.reportMessageValidationResult(id, source, value)

pubsub.addEventListener('gossipsub:message', ({ detail: { msg, msgId, propagationSource } }) => {
  const id = hex(messageId(msg))
  const source = propagationSource.toString()
  say({
    event: 'message',
    id,
    sha256: hex(sha256(msg.data)),
    size: msg.data.length,
    topic: msg.topic,
    from: source,
    ms: Date.now()
  })
  if (verdict === 'hold') held.set(id, [msgId, source])
  else report(msgId, source, verdict)
})

// What a peer said of itself; a peer that has not said it yet is not in the book.
const agent = async (peer) => {
  const bytes = await node.peerStore.has(peer)
    ? (await node.peerStore.get(peer)).metadata.get('AgentVersion')
    : undefined
  return [peer.toString(), bytes === undefined ? null : Buffer.from(bytes).toString()]
}

const commands = {
  dial: async ({ address }) => { await node.dial(multiaddr(address)) },
  part: async ({ peer }) => { await node.hangUp(peerIdFromString(peer)) },
  ping: async ({ peer }) => ({ ms: await node.services.ping.ping(peerIdFromString(peer)) }),
  subscribe: ({ topic }) => pubsub.subscribe(topic),
  unsubscribe: ({ topic }) => pubsub.unsubscribe(topic),
  judge: (asked) => { verdict = asked.verdict },
  decide: ({ id, verdict }) => {
    if (!held.has(id)) throw new Error('no such message is held')
    report(...held.get(id), verdict)
    held.delete(id)
  },
  publish: async ({ topic, seed, size, zeros }) => {
    const data = content(seed, size, zeros)
    const id = hex(messageId({ topic, data }))
    const ms = Date.now()
    await pubsub.publish(topic, data)
    return { id, sha256: hex(sha256(data)), ms }
  },
  state: async ({ topic }) => {
    const peers = node.getPeers()
    const protocol = ([id, stream]) => [id, stream.protocol]
    const score = (peer) => [peer.toString(), pubsub.getScore(peer.toString())]
    return {
      peers: peers.map(String),
      subscribers: pubsub.getSubscribers(topic).map(String),
      mesh: pubsub.getMeshPeers(topic).map(String),
      protocols: Object.fromEntries([...pubsub.streamsOutbound].map(protocol)),
      agents: Object.fromEntries(await Promise.all(peers.map(agent))),
      scores: Object.fromEntries(peers.map(score)),
      counters
    }
  }
}

await node.start()
const manifest = new URL('./node_modules/@libp2p/gossipsub/package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(manifest))
const program = `js-libp2p gossipsub ${version}`
say({ event: 'listening', address: node.getMultiaddrs()[0].toString(), program })
for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  if (asked.do === 'bye') break
  try {
    say({ event: 'answer', do: asked.do, ...await commands[asked.do](asked) })
  } catch (error) {
    say({ event: 'failed', do: asked.do, reason: String(error) })
  }
}
await node.stop()
process.exit(0)
