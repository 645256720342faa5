package extract

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"etl/internal/config"
	"etl/internal/fault"
)

// tokens is an API with a login: tokens that expire, and refresh tokens that
// are good for one exchange.
type tokens struct {
	mu      sync.Mutex
	made    int
	access  string // the one that is good
	refresh string
	log     []string // paths of all requests
	refuse  int      // status of logins and refreshes; 0: they work
	forbid  bool     // whoever asks
}

func (a *tokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if r.URL.Path != "/v1/orders/" {
		time.Sleep(time.Second) // a login takes its time, so that others come to wait for it
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = append(a.log, strings.TrimPrefix(r.URL.Path, "/v1"))
	var sent map[string]string
	json.Unmarshal(body, &sent)
	switch {
	case a.forbid:
		reply(w, 403, `{"detail":"no"}`)
	case r.URL.Path == "/v1/login/" && a.refuse == 0 && sent["password"] == "canary-password",
		r.URL.Path == "/v1/refresh/" && a.refuse == 0 && sent["refresh"] == a.refresh:
		a.made++
		a.access, a.refresh = fmt.Sprint("canary-access-", a.made), fmt.Sprint("canary-refresh-", a.made)
		reply(w, 200, fmt.Sprintf(`{"access":%q,"refresh":%q}`, a.access, a.refresh))
	case r.URL.Path == "/v1/orders/" && r.Header.Get("Authorization") == "Bearer "+a.access:
		reply(w, 200, oneOrder)
	case r.URL.Path != "/v1/orders/" && a.refuse != 0:
		reply(w, a.refuse, `{"detail":"no"}`)
	default:
		reply(w, 401, `{"detail":"no"}`)
	}
}

// expire makes the access token worthless.
func (a *tokens) expire() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.access = "another"
}

func loginSource() *config.Source {
	src := source()
	src.Auth = config.Auth{Kind: "login", Login: &config.Login{
		Login:   config.Request{Method: "POST", Path: template("/login/"), JSON: jsonMap(secretField("password", "canary-password"))},
		Refresh: &config.Request{Method: "POST", Path: template("/refresh/"), JSON: jsonMap(textField("refresh", "{token.refresh}"))},
		Token:   config.Path{"access"},
	}}
	return src
}

func TestLogin(t *testing.T) {
	tests := []struct {
		name    string
		between func(*tokens) // two readings
		log     []string
		wrong   string // in the error of the second reading
	}{
		{name: "one login for all", log: []string{"/login/", "/orders/", "/orders/"}},
		{name: "refresh", between: (*tokens).expire, log: []string{"/login/", "/orders/", "/orders/", "/refresh/", "/orders/"}},
		{name: "refresh token is spent", between: func(a *tokens) { a.expire(); a.refresh = "spent" },
			log: []string{"/login/", "/orders/", "/orders/", "/refresh/", "/login/", "/orders/"}},
		{name: "refused", between: func(a *tokens) { a.expire(); a.refuse = 400 }, wrong: "logging in at source shop: HTTP 400",
			log: []string{"/login/", "/orders/", "/orders/", "/refresh/", "/login/"}},
		{name: "no permission", between: func(a *tokens) { a.forbid = true }, wrong: "HTTP 403",
			log: []string{"/login/", "/orders/", "/orders/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &tokens{}
				src := loginSource()
				l := client(t, src, Options{Transport: serve(t, api.ServeHTTP)}).List(orders(src), Vars{})
				if _, err := fetch(t, l); err != nil {
					t.Fatal(err)
				}
				if tt.between != nil {
					tt.between(api)
				}
				_, err := fetch(t, l)
				if tt.wrong != "" {
					wantFault(t, err, fault.Auth, tt.wrong)
				} else if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tt.log, api.log); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

// Pages that need a token at the same time share one login, and one refresh.
func TestLoginOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &tokens{}
		src := loginSource()
		src.Limits.Concurrency = 5
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP)})
		for range 2 {
			var wait sync.WaitGroup
			for range 5 {
				wait.Go(func() {
					if _, err := fetch(t, c.List(orders(src), Vars{})); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			api.expire()
		}
		count := map[string]int{}
		for _, path := range api.log {
			count[path]++
		}
		if count["/login/"] != 1 || count["/refresh/"] != 1 {
			t.Errorf("requests %v, want one login and one refresh", count)
		}
	})
}

// A password that was refused is not sent again: accounts get locked that way.
func TestRefusedLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &tokens{refuse: 401}
		src := loginSource()
		c := client(t, src, Options{Transport: serve(t, api.ServeHTTP)})
		for range 3 {
			_, err := fetch(t, c.List(orders(src), Vars{}))
			wantFault(t, err, fault.Auth, "logging in at source shop: HTTP 401")
		}
		if len(api.log) != 1 {
			t.Errorf("requests %v, want one", api.log)
		}
	})
}

// A token that is refused right after the login is not worth another one.
func TestLoginOncePerPage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &tokens{}
		src := loginSource()
		c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/v1/orders/" {
				api.expire()
			}
			api.ServeHTTP(w, r)
		})})
		_, err := fetch(t, c.List(orders(src), Vars{}))
		wantFault(t, err, fault.Auth, "reading page 1 of orders: HTTP 401")
		if diff := cmp.Diff([]string{"/login/", "/orders/", "/refresh/", "/orders/"}, api.log); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTokenHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := loginSource()
		src.Auth.Login.Header = "X-Session"
		var got string
		c := client(t, src, Options{Transport: serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = r.Header.Get("X-Session") + r.Header.Get("Authorization")
			reply(w, 200, `{"access":7,"results":[]}`)
		})})
		if _, err := fetch(t, c.List(orders(src), Vars{})); err != nil || got != "7" {
			t.Errorf("the API saw %q, %v; want 7", got, err)
		}
	})
}

func TestNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := loginSource()
		c := client(t, src, Options{Transport: serve(t, with(200, `{"ok":true}`))})
		_, err := fetch(t, c.List(orders(src), Vars{}))
		wantFault(t, err, fault.Auth, "no token where auth.token says")
	})
}
