// Package zkattest verifies proofs of zkVMs with libzkattest_verify.
//
// The folders of header and library come from CGO_CFLAGS and CGO_LDFLAGS; `make embed` fills
// dist/embed/include and dist/embed/lib.
package zkattest

/*
#cgo LDFLAGS: -lzkattest_verify
#include <stdlib.h>
#include "zkattest_verify.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Invalid says that a proof, a key or the values are refused.
type Invalid struct{ Reason, Detail string }

func (invalid *Invalid) Error() string { return "invalid " + invalid.Reason + ": " + invalid.Detail }

// CannotCheck says that nothing can be said; it is never a verdict on the proof.
type CannotCheck struct{ Cause, Detail string }

func (cannot *CannotCheck) Error() string {
	return "not checked " + cannot.Cause + ": " + cannot.Detail
}

// Verifier verifies proofs of one program, from any goroutine.
type Verifier struct{ handle *C.zkattest_verifier }

// Systems lists the names that Open takes.
func Systems() []string {
	var names []string
	for index := C.size_t(0); ; index++ {
		name := C.zkattest_system_name(index)
		if name == nil {
			return names
		}
		names = append(names, C.GoString(name))
	}
}

// Open prepares a verifier; verifierKey is nil for systems that bring theirs.
func Open(system string, programKey, verifierKey []byte) (*Verifier, error) {
	if C.zkattest_abi_version() != C.ZKATTEST_ABI_VERSION {
		return nil, fmt.Errorf("libzkattest_verify is of another version than its header")
	}
	name := C.CString(system)
	defer C.free(unsafe.Pointer(name))
	var handle *C.zkattest_verifier
	var result C.zkattest_result
	C.zkattest_verifier_open(
		name, start(programKey), C.size_t(len(programKey)),
		start(verifierKey), C.size_t(len(verifierKey)), &handle, &result)
	defer C.zkattest_result_clear(&result)
	if err := failure(&result); err != nil {
		return nil, err
	}
	verifier := &Verifier{handle}
	runtime.SetFinalizer(verifier, (*Verifier).Close)
	return verifier, nil
}

// Verify returns what the program put out. publicValues may be nil where a proof carries its own.
func (verifier *Verifier) Verify(proof, publicValues []byte) ([]byte, error) {
	defer runtime.KeepAlive(verifier)
	var result C.zkattest_result
	C.zkattest_verifier_verify(
		verifier.handle, start(proof), C.size_t(len(proof)),
		start(publicValues), C.size_t(len(publicValues)), &result)
	defer C.zkattest_result_clear(&result)
	if err := failure(&result); err != nil {
		return nil, err
	}
	values := unsafe.Slice((*byte)(result.public_values), int(result.public_values_length))
	return append([]byte{}, values...), nil
}

// Close frees the verifier; no goroutine may use it any more.
func (verifier *Verifier) Close() {
	runtime.SetFinalizer(verifier, nil)
	C.zkattest_verifier_free(verifier.handle)
	verifier.handle = nil
}

// start returns the first byte: null for nil, and no null for a slice that is empty.
func start(bytes []byte) *C.uint8_t {
	if bytes == nil {
		return nil
	}
	if len(bytes) == 0 {
		return (*C.uint8_t)(unsafe.Pointer(&nothing))
	}
	return (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(bytes)))
}

var nothing byte

func failure(result *C.zkattest_result) error {
	word, detail := C.GoString(result.word), C.GoString(result.detail)
	switch result.answer {
	case C.ZKATTEST_VALID:
		return nil
	case C.ZKATTEST_INVALID:
		return &Invalid{word, detail}
	default:
		return &CannotCheck{word, detail}
	}
}
