// Command engine asks a proof engine with Go's own HTTP client: JSON-RPC with a token of the Engine
// API, and the Beacon API in SSZ and JSON. The argument is a JSON object; one is printed.
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

type asked struct {
	URL, Root, Proof, Secret string
}

type answer struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Body   string `json:"body"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// token signs the moment with HS256, as consensus clients do for the Engine API.
func token(secret []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	head := encode([]byte(`{"alg":"HS256","typ":"JWT"}`))
	claims := encode([]byte(`{"iat":` + strconv.FormatInt(time.Now().Unix(), 10) + `}`))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(head + "." + claims))
	return head + "." + claims + "." + encode(mac.Sum(nil))
}

func (a asked) do(method, path, kind, accept string, body []byte) answer {
	request, err := http.NewRequest(method, a.URL+path, bytes.NewReader(body))
	must(err)
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	secret, err := hex.DecodeString(a.Secret)
	must(err)
	request.Header.Set("Authorization", "Bearer "+token(secret))
	response, err := http.DefaultClient.Do(request)
	must(err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	must(err)
	kind = response.Header.Get("Content-Type")
	if kind == "application/octet-stream" {
		return answer{response.StatusCode, kind, hex.EncodeToString(data)}
	}
	return answer{response.StatusCode, kind, string(data)}
}

// envelope writes a SignedExecutionProofEnvelope of proof type 1 as SSZ.
func envelope(proof, root []byte, index uint64) []byte {
	message := binary.LittleEndian.AppendUint32(nil, 37)
	message = append(append(append(message, 1), root...), proof...)
	signed := binary.LittleEndian.AppendUint32(nil, 108)
	signed = binary.LittleEndian.AppendUint64(signed, index)
	signed = append(signed, bytes.Repeat([]byte{0xab}, 96)...)
	return append(signed, message...)
}

func main() {
	var a asked
	must(json.Unmarshal([]byte(os.Args[1]), &a))
	root, err := hex.DecodeString(strings.TrimPrefix(a.Root, "0x"))
	must(err)
	proof, err := os.ReadFile(a.Proof)
	must(err)
	said := map[string]answer{}

	call, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 7, "method": "eth_verifyProof",
		"params": []any{map[string]any{
			"proofType": "0x1", "proofData": "0x" + hex.EncodeToString(proof),
			"publicInput": map[string]any{"newPayloadRequestRoot": a.Root},
		}, map[string]any{"expectedRoot": a.Root}},
	})
	must(err)
	said["rpc"] = a.do("POST", "/", "application/json", "", call)

	const path = "/eth/v1/beacon/execution_proofs"
	first, second := envelope([]byte{1}, root, 5), envelope([]byte{1, 2}, root, 6)
	list := binary.LittleEndian.AppendUint32(nil, 8)
	list = binary.LittleEndian.AppendUint32(list, uint32(8+len(first)))
	list = append(append(list, first...), second...)
	said["ssz"] = a.do("POST", path, "application/octet-stream", "", list)
	text, err := json.Marshal([]any{map[string]any{
		"message": map[string]any{
			"proof_data": "0x01", "proof_type": "1", "beacon_block_root": a.Root,
		},
		"validator_index": "5", "signature": "0x" + strings.Repeat("ab", 96),
	}})
	must(err)
	said["json"] = a.do("POST", path, "application/json", "", text)
	said["get_ssz"] = a.do("GET", path+"/head", "", "application/octet-stream;q=1.0,application/json;q=0.9", nil)
	said["get_json"] = a.do("GET", path+"/"+a.Root, "", "application/json", nil)
	a.Secret = strings.Repeat("00", 32)
	said["stranger"] = a.do("GET", "/v1/proof_types", "", "", nil)
	must(json.NewEncoder(os.Stdout).Encode(said))
}
