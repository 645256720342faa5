package schemas

import (
	"crypto/sha256"
	"encoding/binary"
)

// A Key stands for the values of a row's key columns: two rows with equal
// values have equal keys, and two rows with other values practically never do
// (128 bits of SHA-256).
type Key [16]byte

// A KeyBuilder makes the Key of one row after the other. Transform and load
// both use it, so that a key taken from a record equals the key taken from the
// stored row. The zero value is ready.
type KeyBuilder struct{ buf []byte }

// Int adds an integer: bool, int32, int64, date, time, timestamp, duration.
func (b *KeyBuilder) Int(v int64) {
	b.buf = binary.LittleEndian.AppendUint64(append(b.buf, 'i'), uint64(v))
}

// Text adds a text: string, uuid, json, the code of a text enum.
func (b *KeyBuilder) Text(v []byte) {
	b.buf = binary.AppendUvarint(append(b.buf, 't'), uint64(len(v)))
	b.buf = append(b.buf, v...)
}

// Decimal adds the unscaled value of a decimal in two's complement.
func (b *KeyBuilder) Decimal(high int64, low uint64) {
	b.buf = binary.LittleEndian.AppendUint64(append(b.buf, 'd'), uint64(high))
	b.buf = binary.LittleEndian.AppendUint64(b.buf, low)
}

// Null adds a NULL.
func (b *KeyBuilder) Null() { b.buf = append(b.buf, 'n') }

// Sum returns the key of what was added and starts the next one.
func (b *KeyBuilder) Sum() Key {
	sum := sha256.Sum256(b.buf)
	b.buf = b.buf[:0]
	return Key(sum[:16])
}
