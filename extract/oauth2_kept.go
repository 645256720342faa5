package extract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// A keptToken is the refresh token that took the place of the configured one.
// It outlives the process in a file of this machine, readable by its user
// alone; without a folder it lives as long as the client.
type keptToken struct {
	source string
	file   string // empty: none
	of     string // hash of the configured token: a newly configured one wins
	memory string
}

// A keptFile is what the file holds.
type keptFile struct {
	Of           string `json:"of"` // SHA-256 of the configured refresh token that it descends from
	RefreshToken string `json:"refresh_token"`
}

func newKeptToken(folder, source string, o *config.OAuth2) *keptToken {
	k := &keptToken{source: source, of: hashOf(string(o.RefreshToken))}
	if folder != "" {
		k.file = filepath.Join(folder, hashOf(source + "\n" + o.TokenURL)[:32]+".json")
	}
	return k
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// lock keeps other processes of this machine from the token until unlock: one
// that is exchanged twice makes many servers take all of its kind back.
func (k *keptToken) lock(ctx context.Context, sleep func(context.Context, time.Duration) error) (unlock func() error, err error) {
	if k.file == "" {
		return func() error { return nil }, nil
	}
	folder := filepath.Dir(k.file)
	if err := os.MkdirAll(filepath.Dir(folder), 0o750); err != nil {
		return nil, k.stored(err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, k.stored(err)
	}
	file, err := os.OpenFile(k.file+".lock", os.O_RDWR|os.O_CREATE, 0o600) // never removed: who waits for it would hold another
	if err != nil {
		return nil, k.stored(err)
	}
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, k.stored(errors.Join(err, file.Close()))
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
}

// read returns the kept token; empty: there is none, or another one was
// configured since.
func (k *keptToken) read() (string, error) {
	if k.file == "" {
		return k.memory, nil
	}
	text, err := os.ReadFile(k.file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", k.stored(err)
	}
	var kept keptFile
	if json.Unmarshal(text, &kept) != nil || kept.Of != k.of {
		return "", nil // the configured one may still do
	}
	return kept.RefreshToken, nil
}

// write keeps a token in the place of the one before; an empty one forgets it.
func (k *keptToken) write(refresh string) error {
	k.memory = refresh
	if k.file == "" {
		return nil
	}
	if refresh == "" {
		if err := os.Remove(k.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return k.stored(err)
		}
		return nil
	}
	text, err := json.Marshal(keptFile{k.of, refresh})
	if err == nil {
		err = replaceFile(k.file, text)
	}
	return k.stored(err)
}

// replaceFile writes a file of this user alone. After a crash it holds the old
// or the new text.
func replaceFile(name string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	err = errors.Join(err, temporary.Sync(), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	folder, err := os.Open(filepath.Dir(name))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// stored says what went wrong with the file. A nil err stays nil.
func (k *keptToken) stored(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Storage, "keeping the refresh token of source %s: %w", k.source, err)
}
