// A peer that speaks the basic requests of consensus clients, made of go-libp2p and golang/snappy.
//
// Driven by JSON lines: `dial` (address), `ask` (peer, protocol, hex of the SSZ, or none), `send`
// (peer, protocol, hex of raw bytes), `heard` (what its handlers were asked), `connected`, `bye`.
// It answers status, ping, metadata and goodbye with what the one argument says: an object of hex
// by protocol.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/golang/snappy"
	"github.com/libp2p/go-libp2p"
	pubsub "github.com/libp2p/go-libp2p-pubsub"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

const patience = 10 * time.Second

type object = map[string]any

type command struct {
	Do       string `json:"do"`
	Address  string `json:"address"`
	Peer     string `json:"peer"`
	Protocol string `json:"protocol"`
	Hex      string `json:"hex"`
	Empty    bool   `json:"empty"`
}

var (
	mutex sync.Mutex
	heard []object
)

func say(event object) {
	line, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func encode(ssz []byte) ([]byte, error) {
	var out bytes.Buffer
	out.Write(binary.AppendUvarint(nil, uint64(len(ssz))))
	writer := snappy.NewBufferedWriter(&out)
	if _, err := writer.Write(ssz); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func decode(reader *bufio.Reader) ([]byte, error) {
	size, err := binary.ReadUvarint(reader)
	if err != nil {
		return nil, err
	}
	if size > 10<<20 {
		return nil, errors.New("too large")
	}
	ssz := make([]byte, size)
	_, err = io.ReadFull(snappy.NewReader(reader), ssz)
	return ssz, err
}

func answer(id string, response []byte, hasRequest bool) network.StreamHandler {
	return func(stream network.Stream) {
		defer stream.Close()
		request := []byte{}
		if hasRequest {
			var err error
			if request, err = decode(bufio.NewReader(stream)); err != nil {
				stream.Reset()
				return
			}
		}
		mutex.Lock()
		heard = append(heard, object{"protocol": id, "hex": hex.EncodeToString(request)})
		mutex.Unlock()
		chunk, err := encode(response)
		if err != nil {
			panic(err)
		}
		stream.Write(append([]byte{0}, chunk...))
	}
}

func ask(node host.Host, name, id string, request []byte) (object, error) {
	who, err := peer.Decode(name)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := node.NewStream(limited, who, protocol.ID(id))
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	stream.SetDeadline(time.Now().Add(patience))
	if len(request) > 0 {
		if _, err := stream.Write(request); err != nil {
			return nil, err
		}
	}
	if err := stream.CloseWrite(); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(stream)
	code, err := reader.ReadByte()
	if err != nil {
		return nil, err
	}
	ssz, err := decode(reader)
	if err != nil {
		return nil, err
	}
	if _, err = reader.ReadByte(); err != io.EOF {
		return nil, fmt.Errorf("after the chunk: %v", err)
	}
	return object{"code": code, "hex": hex.EncodeToString(ssz)}, nil
}

func perform(node host.Host, c command) (object, error) {
	switch c.Do {
	case "dial":
		info, err := peer.AddrInfoFromString(c.Address)
		if err != nil {
			return nil, err
		}
		limited, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return object{}, node.Connect(limited, *info)
	case "ask", "send":
		data, err := hex.DecodeString(c.Hex)
		if err != nil {
			return nil, err
		}
		if c.Do == "ask" && !c.Empty {
			if data, err = encode(data); err != nil {
				return nil, err
			}
		}
		return ask(node, c.Peer, c.Protocol, data)
	case "heard":
		mutex.Lock()
		defer mutex.Unlock()
		return object{"heard": append([]object{}, heard...)}, nil
	case "connected":
		return object{"peers": node.Network().Peers()}, nil
	}
	return nil, fmt.Errorf("unknown: %s", c.Do)
}

func run() error {
	responses := map[string]string{}
	if err := json.Unmarshal([]byte(os.Args[1]), &responses); err != nil {
		return err
	}
	key, _, err := crypto.GenerateKeyPair(crypto.Secp256k1, 0)
	if err != nil {
		return err
	}
	node, err := libp2p.New(
		libp2p.Identity(key),
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.DisableRelay(),
	)
	if err != nil {
		return err
	}
	defer node.Close()
	// Nobody keeps a consensus peer that does not gossip.
	if _, err := pubsub.NewGossipSub(context.Background(), node); err != nil {
		return err
	}
	for id, text := range responses {
		response, err := hex.DecodeString(text)
		if err != nil {
			return err
		}
		hasRequest := !bytes.Contains([]byte(id), []byte("/metadata/"))
		node.SetStreamHandler(protocol.ID(id), answer(id, response, hasRequest))
	}
	say(object{"event": "listening", "address": fmt.Sprintf("%s/p2p/%s", node.Addrs()[0], node.ID())})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return err
		}
		if c.Do == "bye" {
			return nil
		}
		result, err := perform(node, c)
		if err != nil {
			say(object{"event": "failed", "reason": err.Error()})
			continue
		}
		result["event"] = "answer"
		say(result)
	}
	return lines.Err()
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
