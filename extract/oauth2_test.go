package extract

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

// endpoint is a token endpoint at login.example.com, with the API that takes
// its tokens at api.example.com. A refresh token is good for one exchange.
type endpoint struct {
	mu      sync.Mutex
	made    int
	access  string // the one that is good
	refresh string // the one that is good; empty: the endpoint gives none in exchange
	expires string // expires_in as JSON; empty: not told
	broken  []http.HandlerFunc
	log     []string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Host == "api.example.com" {
		e.log = append(e.log, "orders")
		if r.Header.Get("Authorization") == "Bearer "+e.access {
			reply(w, 200, oneOrder)
			return
		}
		reply(w, 401, `{}`)
		return
	}
	r.ParseForm()
	e.log = append(e.log, strings.TrimRight(r.PostForm.Get("grant_type")+" "+r.PostForm.Get("refresh_token"), " "))
	switch {
	case len(e.broken) > 0:
		e.broken[0](w, r)
		e.broken = e.broken[1:]
	case r.PostForm.Get("grant_type") == "refresh_token" && r.PostForm.Get("refresh_token") != e.refresh:
		reply(w, 400, `{"error":"invalid_grant","error_description":"no more canary-secret"}`)
	default:
		e.give(w)
	}
}

func (e *endpoint) give(w http.ResponseWriter) {
	e.made++
	e.access = fmt.Sprint("canary-access-", e.made)
	body := fmt.Sprintf(`{"access_token":%q,"token_type":"bearer"`, e.access)
	if e.refresh != "" {
		e.refresh = fmt.Sprint("canary-refresh-", e.made)
		body += fmt.Sprintf(`,"refresh_token":%q`, e.refresh)
	}
	if e.expires != "" {
		body += `,"expires_in":` + e.expires
	}
	reply(w, 200, body+"}")
}

func oauth2Source() *config.Source {
	src := source()
	src.Auth = config.Auth{Kind: "oauth2", OAuth2: &config.OAuth2{
		TokenURL: "http://login.example.com/token", ClientID: "ann+", ClientSecret: "canary-secret",
	}}
	return src
}

// Who asks is told in the header or in the body, and never to the API.
func TestOAuth2Request(t *testing.T) {
	tests := []struct {
		name   string
		change func(*config.OAuth2)
		want   string
	}{
		{"basic", func(*config.OAuth2) {}, "Basic YW5uJTJCOmNhbmFyeS1zZWNyZXQ= grant_type=client_credentials"},
		{"body", func(o *config.OAuth2) { o.InBody = true },
			" client_id=ann%2B&client_secret=canary-secret&grant_type=client_credentials"},
		{"scopes and parameters", func(o *config.OAuth2) {
			o.Scopes, o.Params = []string{"read", "list"}, []config.Field{secretField("audience", "crm")}
		}, "Basic YW5uJTJCOmNhbmFyeS1zZWNyZXQ= audience=crm&grant_type=client_credentials&scope=read+list"},
		{"refresh token", func(o *config.OAuth2) { o.RefreshToken = "canary-first" },
			"Basic YW5uJTJCOmNhbmFyeS1zZWNyZXQ= grant_type=refresh_token&refresh_token=canary-first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := oauth2Source()
			tt.change(src.Auth.OAuth2)
			src.Headers = []config.Field{textField("X-Tenant", "4")}
			var got []string
			c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
				r.ParseForm()
				got = append(got, r.Host+" "+r.Header.Get("X-Tenant")+" "+r.Header.Get("Authorization")+" "+r.PostForm.Encode())
				if r.Host == "api.example.com" {
					reply(w, 200, oneOrder)
					return
				}
				reply(w, 200, `{"access_token":"canary-access","expires_in":"3600"}`)
			})})
			if _, err := fetch(t, c.List(secretOrders(src), Vars{})); err != nil {
				t.Fatal(err)
			}
			want := []string{"login.example.com  " + tt.want, "api.example.com 4 Bearer canary-access "}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A token is used until shortly before it expires, or until the API refuses it.
func TestOAuth2Expiry(t *testing.T) {
	tests := []struct {
		name    string
		expires string
		pause   time.Duration // between two readings
		asked   int
	}{
		{"still good", "3600", 3569 * time.Second, 1},
		{"about to expire", "3600", 3570 * time.Second, 2},
		{"short", "10", 9 * time.Second, 2},
		{"not told", "", 1000 * time.Hour, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, src := &endpoint{expires: tt.expires}, oauth2Source()
				l := client(t, src, Options{Transport: serve(t, api.ServeHTTP)}).List(orders(src), Vars{})
				for range 2 {
					if _, err := fetch(t, l); err != nil {
						t.Fatal(err)
					}
					time.Sleep(tt.pause)
				}
				if api.made != tt.asked {
					t.Errorf("asked for %d tokens, want %d", api.made, tt.asked)
				}
			})
		})
	}
}

// Pages that need a token at the same time ask for one.
func TestOAuth2Once(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, src := &endpoint{expires: "3600"}, oauth2Source()
		l := client(t, src, Options{Transport: serve(t, api.ServeHTTP)}).List(orders(src), Vars{})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if _, err := l.Fetch(t.Context(), l.First()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if api.made != 1 {
			t.Errorf("asked for %d tokens, want 1", api.made)
		}
	})
}

// What the server gives in exchange for a refresh token is used from then on:
// by the next refresh, and by the next run.
func TestOAuth2Rotation(t *testing.T) {
	const first, kept = "refresh_token canary-first", "refresh_token canary-refresh-"
	tests := []struct {
		name    string
		between func(*endpoint, *config.OAuth2) // two runs
		log     []string                        // of the second run
		wrong   string
	}{
		{name: "kept for the next run", between: func(*endpoint, *config.OAuth2) {},
			log: []string{kept + "2", "orders"}},
		{name: "refused: the configured one", between: func(e *endpoint, _ *config.OAuth2) { e.refresh = "canary-first" },
			log: []string{kept + "2", first, "orders"}},
		{name: "refused: the configured one too", between: func(e *endpoint, _ *config.OAuth2) { e.refresh = "another" },
			log:   []string{kept + "2", first},
			wrong: "refreshing the token at source shop: HTTP 400, invalid_grant: no more ***"},
		{name: "another one was configured", between: func(e *endpoint, o *config.OAuth2) { o.RefreshToken, e.refresh = "second", "second" },
			log: []string{"refresh_token second", "orders"}},
		{name: "a failure that passes", between: func(e *endpoint, _ *config.OAuth2) { e.broken = []http.HandlerFunc{with(503, "")} },
			log: []string{kept + "2", kept + "2", "orders"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api, src := &endpoint{refresh: "canary-first"}, oauth2Source()
				src.Auth.OAuth2.RefreshToken = "canary-first"
				o := Options{State: filepath.Join(t.TempDir(), "state"), Transport: serve(t, api.ServeHTTP)}
				l := client(t, src, o).List(orders(src), Vars{})
				for range 2 {
					if _, err := fetch(t, l); err != nil {
						t.Fatal(err)
					}
					api.access = "taken back"
				}
				if diff := cmp.Diff([]string{first, "orders", "orders", kept + "1", "orders"}, api.log); diff != "" {
					t.Fatalf("the first run (-want +got):\n%s", diff)
				}
				api.log = nil
				tt.between(api, src.Auth.OAuth2)
				_, err := fetch(t, client(t, src, o).List(orders(src), Vars{}))
				if tt.wrong != "" {
					wantFault(t, err, fault.Auth, tt.wrong)
				} else if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.log, api.log); diff != "" {
					t.Errorf("the second run (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The kept token lies in one file of this user alone, named by a hash, beside
// the file that is locked.
func TestOAuth2File(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, src := &endpoint{refresh: "canary-first"}, oauth2Source()
		src.Auth.OAuth2.RefreshToken = "canary-first"
		dir := filepath.Join(t.TempDir(), "state")
		if _, err := fetch(t, client(t, src, Options{State: dir, Transport: serve(t, api.ServeHTTP)}).List(orders(src), Vars{})); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %v", e.Name(), info.Mode())
			}
			names = append(names, strings.TrimLeft(e.Name(), "0123456789abcdef"))
		}
		if diff := cmp.Diff([]string{".json", ".json.lock"}, names); diff != "" {
			t.Error(diff)
		}
		text, err := os.ReadFile(filepath.Join(dir, entries[0].Name()))
		if err != nil || !strings.Contains(string(text), "canary-refresh-1") || strings.Contains(string(text), "canary-first") {
			t.Errorf("the file holds %s (%v)", text, err)
		}
	})
}

// Another process that exchanges the token holds this one up until it has kept
// the next.
func TestOAuth2Lock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, src := &endpoint{refresh: "canary-first"}, oauth2Source()
		src.Auth.OAuth2.RefreshToken = "canary-first"
		o := Options{State: t.TempDir(), Transport: serve(t, api.ServeHTTP)}
		other := newKeptToken(o.State, "shop", src.Auth.OAuth2)
		unlock, err := other.lock(t.Context(), sleep)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			time.Sleep(time.Second)
			api.mu.Lock()
			api.refresh = "canary-theirs"
			api.mu.Unlock()
			if err := other.write("canary-theirs"); err != nil {
				t.Error(err)
			}
			unlock()
		}()
		if _, err := fetch(t, client(t, src, o).List(orders(src), Vars{})); err != nil {
			t.Fatal(err)
		}
		if want := []string{"refresh_token canary-theirs", "orders"}; !slices.Equal(api.log, want) {
			t.Errorf("the endpoint saw %q, want %q", api.log, want)
		}
	})
}

func TestOAuth2Refusals(t *testing.T) {
	tests := []struct {
		name  string
		reply http.HandlerFunc
		class fault.Class
		want  string
	}{
		{"error code", with(401, `{"error":"invalid_client"}`), fault.Auth, "asking for a token at source shop: HTTP 401, invalid_client"},
		{"error with HTTP 200", with(200, `{"error":"bad_verification_code"}`), fault.Auth, "bad_verification_code"},
		{"no code", with(401, `{}`), fault.Auth, "HTTP 401: the credentials are refused"},
		{"no token", with(200, `{"token_type":"bearer"}`), fault.Auth, "the reply holds no access_token"},
		{"token of another type", with(200, `{"access_token":"x","token_type":"mac"}`), fault.Auth, "not Bearer"},
		{"no JSON", with(200, `<html>`), fault.Auth, "HTML instead of JSON"},
		{"redirect", with(302, ``, "Location", "http://evil.example.com/"), fault.Config, "a redirect that is not followed, to evil.example.com"},
		{"not found", with(404, `{}`), fault.Auth, "HTTP 404: not found"},
		{"down", with(500, `{"error":"server_error"}`), fault.Transient, "HTTP 500"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src := oauth2Source()
				c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Host != "login.example.com" {
						t.Errorf("%s was asked", r.Host)
					}
					tt.reply(w, r)
				})})
				_, err := fetch(t, c.List(orders(src), Vars{}))
				wantFault(t, err, tt.class, tt.want)
			})
		})
	}
}
