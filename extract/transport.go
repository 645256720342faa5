package extract

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// newTransport makes the connections of a source: every step has a time-out,
// headers have a limit, and bodies stay compressed until body.go reads them
// with its own limits.
func newTransport(src *config.Source) (*http.Transport, error) {
	roots, err := certificates(src)
	if err != nil {
		return nil, err
	}
	concurrency := orDefault(src.Limits.Concurrency, defaultConcurrency)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: refusedByProxy,
		DialContext:            newDialer().DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout:    15 * time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    concurrency,
		MaxConnsPerHost:        concurrency,
		MaxResponseHeaderBytes: 1 << 20,
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
	}, nil
}

// newDialer makes what connects. Where a host has addresses of both kinds, those
// of IPv4 are tried beside those of IPv6 after 300 ms (RFC 6555): it is net's
// default, and a host whose IPv6 leads nowhere is reached by it.
func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}
}

// refusedByProxy tells what a proxy says that does not connect to an https host;
// nil: it does.
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, r *http.Response) error {
	switch r.StatusCode {
	case http.StatusOK:
		return nil
	case http.StatusProxyAuthRequired, http.StatusForbidden:
		return fault.New(fault.Config, "the proxy %s refuses to connect: HTTP %d", proxy.Host, r.StatusCode).
			WithHint("see the variable HTTPS_PROXY, whose address may hold a user and a password, and NO_PROXY")
	}
	return &brokenError{fault.New(fault.Transient, "the proxy %s does not connect: HTTP %d", proxy.Host, r.StatusCode), 0}
}

// certificates returns the roots of the system and of the source's ca_file;
// nil: those of the system.
func certificates(src *config.Source) (*x509.CertPool, error) {
	if src.CAFile == "" {
		return nil, nil
	}
	text, err := os.ReadFile(src.CAFile)
	if err != nil {
		return nil, fault.New(fault.Config, "source %s: reading ca_file: %v", src.Name, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Config, "source %s: ca_file holds no certificate in PEM form", src.Name)
	}
	return roots, nil
}

// A brokenError is a failure on the way to a whole reply that another try may
// mend. Cause is what it ends with if none does.
type brokenError struct {
	cause *fault.Error
	tries int // most tries after the first; 0: those of the source
}

func (e *brokenError) Error() string { return e.cause.Error() }
func (e *brokenError) Unwrap() error { return e.cause }

// broken says what a network error means, in words that hold nothing of a
// reply: some errors of net/http quote what they could not read.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fault.New(fault.Config, "checking the server's certificate: %v", bad.Err).
			WithHint("name the authority that signed it in ca_file")
	}
	if why := disagreement(err); why != "" {
		return fault.New(fault.Config, "agreeing on TLS: %s", why)
	}
	if b, ok := errors.AsType[*brokenError](err); ok { // of the proxy
		return b
	}
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return e
	}
	if errors.Is(err, syscall.EMFILE) { // trying again opens no fewer
		return fault.New(fault.Storage, "connecting: %w", syscall.EMFILE).WithHint("%s", fault.SystemHint(syscall.EMFILE))
	}
	text, tries := describe(err)
	return &brokenError{fault.New(fault.Transient, "%s", text), tries}
}

// disagreement tells why no TLS connection comes about, however often it is
// tried; empty: that is not it. The alerts of a server (RFC 8446, 6.2) have no
// exported type; their texts are those of tls.AlertError.
func disagreement(err error) string {
	const local = "tls: server selected unsupported protocol version"
	if text := err.Error(); strings.HasPrefix(text, local) {
		return text
	}
	remote, ok := errors.AsType[*net.OpError](err)
	if !ok || remote.Op != "remote error" {
		return ""
	}
	const (
		handshakeFailure     = 40
		badCertificate       = 42
		unsupportedCert      = 43
		unknownAuthority     = 48
		accessDenied         = 49
		protocolVersion      = 70
		insufficientSecurity = 71
		unrecognizedName     = 112
		certificateRequired  = 116
	)
	for _, code := range []tls.AlertError{
		handshakeFailure, badCertificate, unsupportedCert, unknownAuthority, accessDenied,
		protocolVersion, insufficientSecurity, unrecognizedName, certificateRequired,
	} {
		if code.Error() == remote.Err.Error() {
			return code.Error()
		}
	}
	return ""
}

func describe(err error) (text string, tries int) {
	if errors.Is(err, syscall.ENFILE) {
		return "connecting: " + syscall.ENFILE.Error(), 0
	}
	const few = 2 // a name that does not exist rarely comes into being
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return "host " + dns.Name + " not found", few
		}
		return "looking up host " + dns.Name + " did not work", 0
	}
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no whole reply in time", 0
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused", 0
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset", 0
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection ended before the reply did", 0
	}
	return "the connection broke", 0
}

// loopback tells whether a host name means this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}
