// Command embed verifies one proof, in as many goroutines as wanted, and exits with 0 when it is
// valid, 1 when it is invalid, 2 when it could not be checked.
//
//	embed [-public-values FILE] [-verifier-key FILE] [-threads N] SYSTEM PROGRAM_KEY PROOF
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"

	"zkattest.example/embed/zkattest"
)

func main() {
	publicValues := flag.String("public-values", "", "file of the public values")
	verifierKey := flag.String("verifier-key", "", "file of the verifier key")
	threads := flag.Int("threads", 1, "goroutines that verify at once")
	systems := flag.Bool("systems", false, "list the proof systems")
	flag.Parse()
	if *systems {
		for _, name := range zkattest.Systems() {
			fmt.Println(name)
		}
		return
	}
	if flag.NArg() != 3 || *threads < 1 {
		fmt.Fprintln(os.Stderr, "embed: SYSTEM PROGRAM_KEY PROOF, and at least one thread")
		os.Exit(2)
	}
	answer, code := verify(
		flag.Arg(0), read(flag.Arg(1)), read(*verifierKey), read(flag.Arg(2)), read(*publicValues),
		*threads)
	fmt.Println(answer)
	os.Exit(code)
}

// read returns the bytes of a file, or nil when none is named.
func read(path string) []byte {
	if path == "" {
		return nil
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(2)
	}
	return bytes
}

// verify runs the same proof in all goroutines, and returns the answer that they agree on.
func verify(system string, key, verifierKey, proof, values []byte, threads int) (string, int) {
	verifier, err := zkattest.Open(system, key, verifierKey)
	if err != nil {
		return err.Error(), code(err)
	}
	defer verifier.Close()
	answers := make([]string, threads)
	codes := make([]int, threads)
	var all sync.WaitGroup
	for index := range answers {
		all.Add(1)
		go func() {
			defer all.Done()
			found, err := verifier.Verify(proof, values)
			answers[index], codes[index] = fmt.Sprintf("valid %x", found), code(err)
			if err != nil {
				answers[index] = err.Error()
			}
		}()
	}
	all.Wait()
	for _, answer := range answers {
		if answer != answers[0] {
			return "not checked: the goroutines do not agree", 2
		}
	}
	return answers[0], codes[0]
}

func code(err error) int {
	var invalid *zkattest.Invalid
	switch {
	case err == nil:
		return 0
	case errors.As(err, &invalid):
		return 1
	default:
		return 2
	}
}
