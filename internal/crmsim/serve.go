package crmsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Ready is what a server says once it listens.
type Ready struct {
	BaseURLs map[string]string `json:"base_urls"`
	Env      map[string]string `json:"env"`
}

// Ready returns the base URLs and variables of a server that listens on ln.
func (s *Server) Ready(ln net.Listener) Ready {
	base := "http://" + ln.Addr().String()
	return Ready{BaseURLs: s.BaseURLs(base), Env: s.Env(base)}
}

// grace is how long requests may go on after the end was asked for.
const grace = 2 * time.Second

// Serve serves s on ln, and closes ln, until ctx ends, which is no error.
func Serve(ctx context.Context, ln net.Listener, s *Server) error {
	hs := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      10 * time.Minute,
		IdleTimeout:       2 * time.Minute,
	}
	served := make(chan error, 1)
	go func() { served <- hs.Serve(ln) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving on %s: %w", ln.Addr(), err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := hs.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		err = hs.Close()
	}
	if ended := <-served; err == nil && !errors.Is(ended, http.ErrServerClosed) {
		err = ended
	}
	if err != nil {
		return fmt.Errorf("ending the server on %s: %w", ln.Addr(), err)
	}
	return nil
}
