package e2e

import (
	"fmt"
	web "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-oauth2/oauth2/v4"
	grants "github.com/go-oauth2/oauth2/v4/manage"
	"github.com/go-oauth2/oauth2/v4/models"
	"github.com/go-oauth2/oauth2/v4/server"
	"github.com/go-oauth2/oauth2/v4/store"
)

// Secrets of the authorization server's only client.
const (
	clientID     = "etl-reader"
	clientSecret = "canary-client-secret"
)

// An authority is an OAuth 2.0 server that others have written, and an API that
// takes its tokens.
type authority struct {
	manager *grants.Manager
	tokens  *server.Server
	api     *httptest.Server

	mu     sync.Mutex
	log    []string // grants, and where the client proved itself
	revoke int      // take the access token back with this request to the API; 0: never
	asked  int
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{manager: grants.NewDefaultManager()}
	a.manager.MustTokenStorage(store.NewMemoryTokenStore())
	clients := store.NewClientStore()
	if err := clients.Set(clientID, &models.Client{ID: clientID, Secret: clientSecret}); err != nil {
		t.Fatal(err)
	}
	a.manager.MapClientStorage(clients)
	a.tokens = server.NewDefaultServer(a.manager)
	a.tokens.SetAllowedGrantType(oauth2.ClientCredentials, oauth2.Refreshing)
	a.tokens.SetClientInfoHandler(a.client)
	mux := web.NewServeMux()
	mux.HandleFunc("POST /token", func(w web.ResponseWriter, r *web.Request) {
		if err := a.tokens.HandleTokenRequest(w, r); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /v1/orders", a.orders)
	a.api = httptest.NewServer(mux)
	t.Cleanup(a.api.Close)
	return a
}

// client takes the client's credentials from the header or from the form.
func (a *authority) client(r *web.Request) (id, secret string, err error) {
	place := "basic"
	if id, secret, err = server.ClientBasicHandler(r); err != nil {
		place = "body"
		id, secret, err = server.ClientFormHandler(r)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.log = append(a.log, r.FormValue("grant_type")+" "+place)
	return id, secret, err
}

// orders serves 25 rows to whoever has a token.
func (a *authority) orders(w web.ResponseWriter, r *web.Request) {
	info, err := a.tokens.ValidationBearerToken(r)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.asked++; err == nil && a.asked == a.revoke {
		err = a.manager.RemoveAccessToken(r.Context(), info.GetAccess())
		if err == nil {
			err = fmt.Errorf("revoked")
		}
	}
	if err != nil {
		web.Error(w, `{"error":"invalid_token"}`, web.StatusUnauthorized)
		return
	}
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	var rows []string
	for id := offset; id < min(offset+10, 25); id++ {
		rows = append(rows, fmt.Sprintf(`{"id":%d}`, id+1))
	}
	fmt.Fprintf(w, `{"count":25,"results":[%s]}`, strings.Join(rows, ","))
}

// refreshToken is what a user gets who lets etl in.
func (a *authority) refreshToken(t *testing.T) string {
	t.Helper()
	info, err := a.manager.GenerateAccessToken(t.Context(), oauth2.PasswordCredentials, &oauth2.TokenGenerateRequest{
		ClientID: clientID, ClientSecret: clientSecret, UserID: "ann",
	})
	if err != nil {
		t.Fatal(err)
	}
	return info.GetRefresh()
}

// took returns what the token endpoint was asked since the last call.
func (a *authority) took() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	log := strings.Join(a.log, ", ")
	a.log, a.asked = nil, 0
	return log
}

// orderFile writes a configuration that reads the API with some keys of auth.
func (a *authority) orderFile(t *testing.T, auth string) string {
	t.Helper()
	dir := t.TempDir()
	text := `version: 1
destination: ${ETL_DESTINATION}
sources:
  shop:
    base_url: ` + a.api.URL + `/v1
    auth: { kind: oauth2, token_url: "` + a.api.URL + `/token", client_id: ` + clientID + `, client_secret: "${CLIENT_SECRET}"` + auth + ` }
    limits: { concurrency: 1 }
    paging: { kind: offset, send: { offset: offset, size: limit }, size: 10, read: { total: count } }
    records: results
pipelines:
  orders: { source: shop, request: { path: /orders }, schema: ./order.yaml, key: [id] }
`
	schema := "doc: An order.\ncolumns:\n  - { name: id, type: int64, required: true }\n"
	for name, content := range map[string]string{"pipelines.yaml": text, "order.yaml": schema} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "pipelines.yaml")
}

// Client credentials, in both places where a client may prove itself.
func TestOAuth2ClientCredentials(t *testing.T) {
	for place, auth := range map[string]string{"basic": "", "body": ", client_auth: body"} {
		t.Run(place, func(t *testing.T) {
			a := newAuthority(t)
			a.revoke = 2 // a token that is refused half-way is replaced
			file := a.orderFile(t, auth)
			r, s := runPipelines(t, env{"CLIENT_SECRET": clientSecret}, file, t.TempDir())
			r.want(t, 0)
			if o := s.of(t, "orders"); o.Written != 25 || o.Proof != "counted" {
				t.Errorf("%+v", o)
			}
			if got, want := a.took(), "client_credentials "+place+", client_credentials "+place; got != want {
				t.Errorf("the token endpoint saw %s, want %s", got, want)
			}
			r, _ = runPipelines(t, env{"CLIENT_SECRET": "canary-wrong"}, file, t.TempDir())
			r.want(t, 5)
			wantSaid(t, r, "source shop", "invalid_client")
		})
	}
}

// A server that gives a new refresh token with every exchange, and takes each
// once: the runs hand it on to each other.
func TestOAuth2Rotation(t *testing.T) {
	a := newAuthority(t)
	file := a.orderFile(t, `, refresh_token: "${REFRESH_TOKEN}"`)
	lake, e := t.TempDir(), env{"CLIENT_SECRET": clientSecret, "REFRESH_TOKEN": a.refreshToken(t)}
	for run := range 3 {
		a.mu.Lock()
		a.revoke = 1 + run // within the run, too
		a.mu.Unlock()
		r, _ := runPipelines(t, e, file, lake)
		r.want(t, 0)
		if got, want := a.took(), "refresh_token basic, refresh_token basic"; got != want {
			t.Errorf("run %d: the token endpoint saw %s, want %s", run+1, got, want)
		}
	}
	// Elsewhere only the configured token is known, and that one is spent.
	r, _ := runPipelines(t, e, file, t.TempDir())
	r.want(t, 5)
	wantSaid(t, r, "source shop", "invalid_grant")
	// A new one is taken in its place, whatever was kept.
	e["REFRESH_TOKEN"] = a.refreshToken(t)
	r, _ = runPipelines(t, e, file, lake)
	r.want(t, 0)
}

// wantSaid fails the test unless stderr says all of it, and no secret.
func wantSaid(t *testing.T, r result, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("stderr lacks %q:\n%s", part, r.stderr)
		}
	}
	if strings.Contains(r.stderr+r.stdout, "canary") {
		t.Errorf("a secret is shown:\n%s\n%s", r.stderr, r.stdout)
	}
}
