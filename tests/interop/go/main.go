// A gossip peer made of go-libp2p-pubsub, driven by JSON lines; ../README.md has the protocol.
package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/golang/snappy"
	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const patience = 20 * time.Second

type options struct {
	Key         string `json:"key"`
	Version     string `json:"version"`
	DegreeLow   int    `json:"degree_low"`
	Degree      int    `json:"degree"`
	DegreeHigh  int    `json:"degree_high"`
	HeartbeatMs int    `json:"heartbeat_ms"`
	BackoffS    int    `json:"backoff_s"`
	LimitBytes  int    `json:"limit_bytes"`
}

type command struct {
	Do      string `json:"do"`
	Address string `json:"address"`
	Peer    string `json:"peer"`
	Topic   string `json:"topic"`
	Size    int    `json:"size"`
	Zeros   int    `json:"zeros"`
	Seed    uint64 `json:"seed"`
	Verdict string `json:"verdict"`
	ID      string `json:"id"`
}

type object = map[string]any

// The program's state; the tracer, the validator and the commands come from different goroutines.
type program struct {
	mutex     sync.Mutex
	settings  options
	host      host.Host
	pubsub    *pubsub.PubSub
	topics    map[string]*pubsub.Topic
	feeds     map[string]*pubsub.Subscription
	verdict   string
	held      map[string]chan string
	mesh      map[string]map[peer.ID]bool
	protocols map[peer.ID]string
	scores    map[peer.ID]float64
	counters  map[string]int
}

var output sync.Mutex

func say(event object) {
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

func nowMs() int64 { return time.Now().UnixMilli() }

// The eth2 message id; a payload that is no snappy block, or too much of it, has one as well.
func (p *program) messageID(message *pb.Message) string {
	domain, content := []byte{1, 0, 0, 0}, []byte(nil)
	content, err := p.decompress(message.GetData())
	if err != nil {
		domain, content = []byte{0, 0, 0, 0}, message.GetData()
	}
	topic := message.GetTopic()
	digest := sha256.New()
	digest.Write(domain)
	digest.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(topic))))
	digest.Write([]byte(topic))
	digest.Write(content)
	return string(digest.Sum(nil)[:20])
}

func (p *program) decompress(payload []byte) ([]byte, error) {
	size, err := snappy.DecodedLen(payload)
	if err != nil {
		return nil, err
	}
	if size > p.settings.LimitBytes {
		return nil, errors.New("too large")
	}
	return snappy.Decode(nil, payload)
}

// The content that a seed stands for: SHA-256 of seed and counter, cut to size, its end zeroed.
func content(seed uint64, size, zeros int) []byte {
	made := make([]byte, 0, size+sha256.Size)
	for counter := uint64(0); len(made) < size; counter++ {
		block := binary.LittleEndian.AppendUint64(nil, seed)
		digest := sha256.Sum256(binary.LittleEndian.AppendUint64(block, counter))
		made = append(made, digest[:]...)
	}
	made = made[:size]
	clear(made[size-zeros:])
	return made
}

func (p *program) validate(
	_ context.Context, from peer.ID, message *pubsub.Message,
) pubsub.ValidationResult {
	if from == p.host.ID() {
		return pubsub.ValidationAccept
	}
	data, err := p.decompress(message.GetData())
	if err != nil {
		return pubsub.ValidationReject
	}
	id, digest := hex.EncodeToString([]byte(p.messageID(message.Message))), sha256.Sum256(data)
	p.mutex.Lock()
	verdict := p.verdict
	decided := make(chan string, 1)
	if verdict == "hold" {
		p.held[id] = decided
	}
	p.mutex.Unlock()
	say(object{"event": "message", "id": id, "sha256": hex.EncodeToString(digest[:]),
		"size": len(data), "topic": message.GetTopic(), "from": from.String(), "ms": nowMs()})
	if verdict == "hold" {
		verdict = <-decided
	}
	switch verdict {
	case "accept":
		return pubsub.ValidationAccept
	case "reject":
		return pubsub.ValidationReject
	}
	return pubsub.ValidationIgnore
}

func (p *program) count(name string, more int) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.counters[name] += more
}

func (p *program) countRPC(way string, rpc *pubsub.RPC) {
	p.count("message_"+way, len(rpc.GetPublish()))
	control := rpc.GetControl()
	p.count("graft_"+way, len(control.GetGraft()))
	p.count("prune_"+way, len(control.GetPrune()))
	for _, each := range control.GetIhave() {
		p.count("ihave_"+way, len(each.GetMessageIDs()))
	}
	for _, each := range control.GetIwant() {
		p.count("iwant_"+way, len(each.GetMessageIDs()))
	}
	for _, each := range control.GetIdontwant() {
		p.count("idontwant_"+way, len(each.GetMessageIDs()))
	}
}

// What the tracer is told.

func (p *program) AddPeer(id peer.ID, name protocol.ID) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.protocols[id] = string(name)
}

func (p *program) RemovePeer(id peer.ID) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.protocols, id)
	for _, members := range p.mesh {
		delete(members, id)
	}
}

func (p *program) Graft(id peer.ID, topic string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.mesh[topic] == nil {
		p.mesh[topic] = map[peer.ID]bool{}
	}
	p.mesh[topic][id] = true
}

func (p *program) Prune(id peer.ID, topic string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.mesh[topic], id)
}

func (p *program) Leave(topic string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	delete(p.mesh, topic)
}

func (p *program) RecvRPC(rpc *pubsub.RPC)               { p.countRPC("received", rpc) }
func (p *program) SendRPC(rpc *pubsub.RPC, _ peer.ID)    { p.countRPC("sent", rpc) }
func (p *program) DropRPC(*pubsub.RPC, peer.ID)          { p.count("rpc_dropped", 1) }
func (p *program) Join(string)                           {}
func (p *program) ValidateMessage(*pubsub.Message)       {}
func (p *program) DeliverMessage(*pubsub.Message)        {}
func (p *program) RejectMessage(*pubsub.Message, string) {}
func (p *program) DuplicateMessage(*pubsub.Message)      { p.count("duplicate", 1) }
func (p *program) ThrottlePeer(peer.ID)                  {}
func (p *program) UndeliverableMessage(*pubsub.Message)  {}

func (p *program) parameters() pubsub.GossipSubParams {
	params := pubsub.DefaultGossipSubParams()
	params.D, params.Dlo, params.Dhi = p.settings.Degree, p.settings.DegreeLow, p.settings.DegreeHigh
	params.Dlazy, params.Dscore = 6, min(params.Dscore, params.D)
	params.Dout = max(0, min(params.Dout, params.Dlo-1, params.D/2))
	params.HistoryLength, params.HistoryGossip = 6, 3
	params.HeartbeatInterval = time.Duration(p.settings.HeartbeatMs) * time.Millisecond
	params.PruneBackoff = time.Duration(p.settings.BackoffS) * time.Second
	params.UnsubscribeBackoff = params.PruneBackoff
	return params
}

// Only what a peer does wrong counts; everybody here has one address and few messages.
func scoring() (*pubsub.PeerScoreParams, *pubsub.PeerScoreThresholds) {
	params := &pubsub.PeerScoreParams{
		SkipAtomicValidation: true, AppSpecificScore: func(peer.ID) float64 { return 0 },
		BehaviourPenaltyWeight: -10, BehaviourPenaltyDecay: 0.99, DecayInterval: time.Second,
		DecayToZero: 0.01, RetainScore: time.Minute, Topics: map[string]*pubsub.TopicScoreParams{},
	}
	thresholds := &pubsub.PeerScoreThresholds{
		GossipThreshold: -4000, PublishThreshold: -8000, GraylistThreshold: -16000,
	}
	return params, thresholds
}

func (p *program) start() error {
	kind := map[string]int{"ed25519": crypto.Ed25519, "secp256k1": crypto.Secp256k1}[p.settings.Key]
	key, _, err := crypto.GenerateKeyPair(kind, 256)
	if err != nil {
		return err
	}
	made, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableRelay(), libp2p.UserAgent("go-libp2p-pubsub"),
	)
	if err != nil {
		return err
	}
	p.host = made
	score, thresholds := scoring()
	choices := []pubsub.Option{
		pubsub.WithMessageSignaturePolicy(pubsub.StrictNoSign), pubsub.WithNoAuthor(),
		pubsub.WithMessageIdFn(p.messageID), pubsub.WithGossipSubParams(p.parameters()),
		pubsub.WithMaxMessageSize(p.settings.LimitBytes + p.settings.LimitBytes/6 + 1024),
		pubsub.WithPeerOutboundQueueSize(600), pubsub.WithValidateQueueSize(600),
		pubsub.WithRawTracer(p), pubsub.WithFloodPublish(false),
		pubsub.WithPeerScore(score, thresholds),
		pubsub.WithPeerScoreInspect(func(scores map[peer.ID]float64) {
			p.mutex.Lock()
			defer p.mutex.Unlock()
			p.scores = scores
		}, 100*time.Millisecond),
	}
	if p.settings.Version == "1.1" {
		choices = append(choices, pubsub.WithGossipSubProtocols(
			[]protocol.ID{pubsub.GossipSubID_v11}, pubsub.GossipSubDefaultFeatures))
	}
	p.pubsub, err = pubsub.NewGossipSub(context.Background(), made, choices...)
	return err
}

// Commands.

func (p *program) subscribe(topic string) error {
	if p.topics[topic] == nil {
		limit := pubsub.WithValidatorTimeout(time.Minute)
		err := p.pubsub.RegisterTopicValidator(topic, p.validate, limit)
		if err != nil {
			return err
		}
		if p.topics[topic], err = p.pubsub.Join(topic); err != nil {
			return err
		}
		if err = p.topics[topic].SetScoreParams(&pubsub.TopicScoreParams{
			SkipAtomicValidation: true, TopicWeight: 1, TimeInMeshQuantum: time.Second,
			InvalidMessageDeliveriesWeight: -100, InvalidMessageDeliveriesDecay: 0.99,
		}); err != nil {
			return err
		}
	}
	feed, err := p.topics[topic].Subscribe()
	if err != nil {
		return err
	}
	p.feeds[topic] = feed
	go func() {
		for {
			if _, err := feed.Next(context.Background()); err != nil {
				return
			}
		}
	}()
	return nil
}

func (p *program) publish(topic string, asked command) (object, error) {
	data := content(asked.Seed, asked.Size, asked.Zeros)
	payload, digest := snappy.Encode(nil, data), sha256.Sum256(data)
	id := p.messageID(&pb.Message{Topic: &topic, Data: payload})
	began := nowMs()
	if err := p.topics[topic].Publish(context.Background(), payload); err != nil {
		return nil, err
	}
	return object{"id": hex.EncodeToString([]byte(id)), "ms": began,
		"sha256": hex.EncodeToString(digest[:])}, nil
}

func names[V any](peers map[peer.ID]V) []string {
	listed := []string{}
	for each := range peers {
		listed = append(listed, each.String())
	}
	return listed
}

func (p *program) state(topic string) object {
	connected, agents, subscribers := map[peer.ID]bool{}, map[string]any{}, map[peer.ID]bool{}
	for _, each := range p.host.Network().Peers() {
		connected[each] = true
		if agent, err := p.host.Peerstore().Get(each, "AgentVersion"); err == nil {
			agents[each.String()] = agent
		}
	}
	if joined := p.topics[topic]; joined != nil {
		for _, each := range joined.ListPeers() {
			subscribers[each] = true
		}
	}
	// Not before: the library's loop, which has answered, must not wait for us in a tracer.
	p.mutex.Lock()
	defer p.mutex.Unlock()
	protocols, scores, counters := map[string]string{}, map[string]float64{}, map[string]int{}
	for id, name := range p.protocols {
		protocols[id.String()] = name
	}
	for id, score := range p.scores {
		scores[id.String()] = score
	}
	for name, value := range p.counters {
		counters[name] = value
	}
	return object{"peers": names(connected), "subscribers": names(subscribers),
		"mesh": names(p.mesh[topic]), "protocols": protocols, "agents": agents,
		"scores": scores, "counters": counters}
}

func (p *program) ping(id peer.ID) (object, error) {
	limited, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	result := <-ping.Ping(limited, p.host, id)
	return object{"ms": float64(result.RTT.Microseconds()) / 1000}, result.Error
}

func (p *program) perform(asked command) (object, error) {
	switch asked.Do {
	case "dial":
		info, err := peer.AddrInfoFromString(asked.Address)
		if err != nil {
			return nil, err
		}
		limited, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return object{}, p.host.Connect(limited, *info)
	case "subscribe":
		return object{}, p.subscribe(asked.Topic)
	case "unsubscribe":
		p.feeds[asked.Topic].Cancel()
		return object{}, nil
	case "publish":
		return p.publish(asked.Topic, asked)
	case "judge":
		p.mutex.Lock()
		defer p.mutex.Unlock()
		p.verdict = asked.Verdict
		return object{}, nil
	case "decide":
		p.mutex.Lock()
		defer p.mutex.Unlock()
		if p.held[asked.ID] == nil {
			return nil, errors.New("no such message is held")
		}
		p.held[asked.ID] <- asked.Verdict
		delete(p.held, asked.ID)
		return object{}, nil
	case "state":
		return p.state(asked.Topic), nil
	}
	id, err := peer.Decode(asked.Peer)
	if err != nil {
		return nil, err
	}
	switch asked.Do {
	case "part":
		return object{}, p.host.Network().ClosePeer(id)
	case "ping":
		return p.ping(id)
	}
	return nil, fmt.Errorf("unknown command %q", asked.Do)
}

func version(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, each := range info.Deps {
		if each.Path == module {
			return each.Version
		}
	}
	return "?"
}

func run() error {
	p := &program{topics: map[string]*pubsub.Topic{}, feeds: map[string]*pubsub.Subscription{},
		verdict: "accept", held: map[string]chan string{}, mesh: map[string]map[peer.ID]bool{},
		protocols: map[peer.ID]string{}, counters: map[string]int{}}
	if err := json.Unmarshal([]byte(os.Args[1]), &p.settings); err != nil {
		return err
	}
	if err := p.start(); err != nil {
		return err
	}
	say(object{"event": "listening",
		"address": fmt.Sprintf("%s/p2p/%s", p.host.Addrs()[0], p.host.ID()),
		"program": "go-libp2p-pubsub " + version("github.com/libp2p/go-libp2p-pubsub")})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var asked command
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		if asked.Do == "bye" {
			return p.host.Close()
		}
		answer, err := p.perform(asked)
		if err != nil {
			say(object{"event": "failed", "do": asked.Do, "reason": err.Error()})
			continue
		}
		answer["event"], answer["do"] = "answer", asked.Do
		say(answer)
	}
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
