package extract

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"etl/internal/config"
	"etl/internal/fault"
)

// A names server answers every question about a host.
type names struct {
	code byte              // 0: found, 2: SERVFAIL, 3: NXDOMAIN (RFC 1035, 4.1.1)
	host map[uint16][]byte // addresses by type: 1 is A, 28 is AAAA
}

// resolver looks up with the server alone, over connections in memory.
func (n names) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go n.serve(server)
		return client, nil
	}}
}

// serve answers questions in the form that they have over TCP: the length, then
// the message.
func (n names) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var length uint16
		if binary.Read(conn, binary.BigEndian, &length) != nil {
			return
		}
		question := make([]byte, length)
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		reply := n.answer(question)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

func (n names) answer(question []byte) []byte {
	const header = 12
	end := header + bytes.IndexByte(question[header:], 0) + 5 // name, type, class
	kind := binary.BigEndian.Uint16(question[end-4:])
	reply := append([]byte{question[0], question[1], 0x81, 0x80 | n.code, 0, 1, 0, 0, 0, 0, 0, 0}, question[header:end]...)
	if address := n.host[kind]; address != nil && n.code == 0 {
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, byte(kind), 0, 1, 0, 0, 0, 60, 0, byte(len(address)))
		reply = append(reply, address...)
	}
	return reply
}

// both has an address of each kind of this machine.
var both = map[uint16][]byte{1: net.IPv4(127, 0, 0, 1).To4(), 28: net.IPv6loopback}

// A network is how a host is found and reached.
type network struct {
	names names
	holes string // connections to these networks never come about
}

var networks = map[string]network{
	"black_hole_6": {names{host: both}, "tcp6"},
	"black_hole":   {names{host: both}, "tcp4 tcp6"},
	"nxdomain":     {names{code: 3}, ""},
	"servfail":     {names{code: 2}, ""},
	"no_address":   {names{}, ""},
}

// Every row of the guide's table of networks ends as it says.
func TestNetworks(t *testing.T) {
	const guide = "../docs/simulator.md"
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| network |")
	told := map[string]bool{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			if len(told) > 0 {
				break // the table has ended
			}
			continue
		}
		name, ends := strings.Trim(cells[1], " `"), strings.TrimSpace(cells[3])
		words := strings.Split(cells[4], "`")
		if n, ok := networks[name]; ok {
			told[name] = true
			t.Run(name, func(t *testing.T) { n.hold(t, ends, words) })
		}
	}
	for name := range networks {
		if !told[name] {
			t.Errorf("%s has no row in %s", name, guide)
		}
	}
}

// hold fetches a page, which must end so.
func (n network) hold(t *testing.T, ends string, words []string) {
	server := httptest.NewServer(http.HandlerFunc(with(200, oneOrder)))
	defer server.Close()
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	src := source()
	src.BaseURL, src.Retries = "http://api.example.com:"+at.Port(), -1
	if ends != "0" {
		src.Timeout = 500 * time.Millisecond
	}
	var swallowed atomic.Int64
	c := client(t, src, Options{Transport: n.transport(t, src, &swallowed)})
	defer c.Close()
	_, err = fetch(t, c.List(orders(src), Vars{}))
	got := "0"
	if err != nil {
		got = fmt.Sprintf("%d %s", fault.Exit(err), fault.Of(err))
	}
	if got != ends || err != nil && !strings.Contains(err.Error(), words[1]) {
		t.Errorf("ends %s: %v, want %s with %q", got, err, ends, words)
	}
	if n.holes != "" && swallowed.Load() == 0 {
		t.Error("no connection led into the hole, so this shows nothing")
	}
}

// transport is that of a source, in such a network. It counts the connections
// that lead into a hole.
func (n network) transport(t *testing.T, src *config.Source, swallowed *atomic.Int64) *http.Transport {
	t.Helper()
	if ln, err := net.Listen("tcp6", "[::1]:0"); err != nil {
		t.Skipf("this machine has no IPv6, and no address of it is tried: %v", err)
	} else {
		ln.Close()
	}
	transport, err := newTransport(src)
	if err != nil {
		t.Fatal(err)
	}
	d := newDialer()
	d.Resolver = n.names.resolver()
	d.ControlContext = func(ctx context.Context, network, _ string, _ syscall.RawConn) error {
		if n.holes == "" || !strings.Contains(n.holes, network) {
			return nil
		}
		swallowed.Add(1)
		<-ctx.Done()
		return ctx.Err()
	}
	transport.DialContext, transport.Proxy = d.DialContext, nil
	return transport
}
