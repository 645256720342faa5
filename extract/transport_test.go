package extract

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"etl/internal/fault"
)

// A certificate is checked, and not tried again: against the roots of the
// system, and against ca_file.
func TestCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(with(200, oneOrder)))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would complain about the client that hangs up
	server.StartTLS()
	defer server.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, ca string
		class    fault.Class // Bug: none
	}{
		{"unknown", "", fault.Config},
		{"named in ca_file", file, fault.Bug},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := everywhere()
			src.InsecureHTTP, src.BaseURL, src.CAFile = false, server.URL, tt.ca
			c := client(t, src, Options{})
			defer c.Close()
			_, err := fetch(t, c.List(orders(src), Vars{}))
			if tt.class != fault.Bug {
				wantFault(t, err, tt.class, "checking the server's certificate")
			} else if err != nil {
				t.Error(err)
			}
			if n := c.Stats().Requests; n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

// What makes TLS unsafe ends the run at once: a certificate for another name or
// one that has run out, and versions below 1.2.
func TestUnsafeTLS(t *testing.T) {
	tests := []struct {
		name string
		cert x509.Certificate
		most uint16 // version of TLS
		text string
	}{
		{"another name", x509.Certificate{DNSNames: []string{"other.example.com"}, NotAfter: time.Now().Add(time.Hour)}, 0, "checking the server's certificate"},
		{"run out", x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(-time.Hour)}, 0, "checking the server's certificate"},
		{"TLS 1.1", x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour)}, tls.VersionTLS11, "agreeing on TLS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(with(200, oneOrder)))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			pair := selfSigned(t, &tt.cert)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MaxVersion: tt.most}
			server.StartTLS()
			defer server.Close()
			src := everywhere()
			src.InsecureHTTP, src.BaseURL, src.CAFile = false, server.URL, filepath.Join(t.TempDir(), "ca.pem")
			text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
			if err := os.WriteFile(src.CAFile, text, 0o600); err != nil {
				t.Fatal(err)
			}
			c := client(t, src, Options{})
			defer c.Close()
			_, err := fetch(t, c.List(orders(src), Vars{}))
			wantFault(t, err, fault.Config, tt.text)
			if n := c.Stats().Requests; n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

// selfSigned makes a certificate that vouches for itself.
func selfSigned(t *testing.T, cert *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert.SerialNumber, cert.IsCA, cert.BasicConstraintsValid = big.NewInt(1), true, true
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// A proxy that does not connect is told of by its name: where it wants other
// credentials or forbids the host, no other try helps.
func TestProxies(t *testing.T) {
	for status, want := range map[int]struct {
		class    fault.Class
		requests int64
	}{
		407: {fault.Config, 1}, 403: {fault.Config, 1}, 502: {fault.Transient, 3}, 504: {fault.Transient, 3},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodConnect {
					t.Errorf("the proxy is asked to %s", r.Method)
				}
				reply(w, status, "<html>canary", "Content-Type", "text/html")
			}))
			defer proxy.Close()
			at, err := url.Parse(proxy.URL)
			if err != nil {
				t.Fatal(err)
			}
			src := source()
			src.InsecureHTTP, src.BaseURL, src.Retries = false, "https://api.example.com", 2
			transport, err := newTransport(src)
			if err != nil {
				t.Fatal(err)
			}
			transport.Proxy = http.ProxyURL(at)
			c := client(t, src, Options{Transport: transport, Rand: func() float64 { return 0 }})
			defer c.Close()
			_, err = fetch(t, c.List(orders(src), Vars{}))
			wantFault(t, err, want.class, fmt.Sprintf("the proxy %s ", at.Host))
			wantNoCanary(t, err.Error())
			if n := c.Stats().Requests; n != want.requests {
				t.Errorf("%d requests, want %d", n, want.requests)
			}
		})
	}
}

// A file without certificates is a mistake that is told before any request.
func TestCAFile(t *testing.T) {
	src := source()
	src.CAFile = filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(src.CAFile, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := NewClient(src, Options{})
	wantFault(t, err, fault.Config, "ca_file holds no certificate")
}

// Requests share connections: no more are opened than there may be requests at
// one time. Where the server speaks HTTP/2 over TLS, so does etl.
func TestConnections(t *testing.T) {
	for _, tt := range []struct {
		name  string
		http2 bool
		proto string
		most  int64
	}{{"HTTP/1.1", false, "HTTP/1.1", 4}, {"HTTP/2", true, "HTTP/2.0", 4}} {
		t.Run(tt.name, func(t *testing.T) {
			var opened atomic.Int64
			var protos sync.Map
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				protos.Store(r.Proto, true)
				reply(w, 200, oneOrder)
			}))
			server.EnableHTTP2 = tt.http2
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					opened.Add(1)
				}
			}
			server.StartTLS()
			defer server.Close()
			src := everywhere()
			src.InsecureHTTP, src.BaseURL, src.Limits.Concurrency = false, server.URL, 4
			src.CAFile = filepath.Join(t.TempDir(), "ca.pem")
			text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
			if err := os.WriteFile(src.CAFile, text, 0o600); err != nil {
				t.Fatal(err)
			}
			c := client(t, src, Options{})
			defer c.Close()
			for range 3 {
				for _, err := range fetchEach(t, c, orders(src), 20) {
					if err != nil {
						t.Error(err)
					}
				}
			}
			if _, ok := protos.Load(tt.proto); !ok || opened.Load() > tt.most {
				t.Errorf("%s: %v, %d connections, want at most %d", tt.proto, ok, opened.Load(), tt.most)
			}
		})
	}
}
