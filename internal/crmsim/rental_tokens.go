package crmsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokens are the credentials of the rental CRM, and JSON Web Tokens as Simple
// JWT gives them out: https://django-rest-framework-simplejwt.readthedocs.io.
type tokens struct {
	user, password string
	key            []byte
	access         time.Duration // lifetime of access tokens; refresh tokens live a day
	rotate         bool
	now            func() time.Time

	mu    sync.Mutex
	count uint64          // tokens given out
	dead  map[string]bool // refresh tokens that were used, by id
}

func newTokens(o Options, access time.Duration, rotate bool) *tokens {
	d := dice(mix(o.Seed ^ hash("rental tokens")))
	return &tokens{
		user:     fmt.Sprintf("demo%04x", d.below(1<<16)),
		password: fmt.Sprintf("%016x", d.roll()),
		key:      binary.BigEndian.AppendUint64(nil, d.roll()),
		access:   access,
		rotate:   rotate,
		now:      o.Now,
		dead:     map[string]bool{},
	}
}

// claims are what a token says.
type claims struct {
	Type string `json:"token_type"`
	Exp  int64  `json:"exp"`
	Iat  int64  `json:"iat"`
	ID   string `json:"jti"`
	User int    `json:"user_id"`
}

// issue returns a new token of a type.
func (t *tokens) issue(kind string, life time.Duration) string {
	t.mu.Lock()
	t.count++
	n := t.count
	t.mu.Unlock()
	now := t.now()
	id := fmt.Sprintf("%016x%016x", mix(binary.BigEndian.Uint64(t.key)+n), n)
	text, err := json.Marshal(claims{kind, now.Add(life).Unix(), now.Unix(), id, 3})
	if err != nil {
		panic(err) // plain fields
	}
	b64 := base64.RawURLEncoding
	body := b64.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + b64.EncodeToString(text)
	return body + "." + b64.EncodeToString(t.sign(body))
}

func (t *tokens) sign(body string) []byte {
	h := hmac.New(sha256.New, t.key)
	h.Write([]byte(body))
	return h.Sum(nil)
}

// read returns what a token of a type says, and what is wrong with it, or "".
func (t *tokens) read(token, kind string) (claims, string) {
	const invalid = "Token is invalid"
	var c claims
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return c, invalid
	}
	b64 := base64.RawURLEncoding
	mac, err := b64.DecodeString(token[i+1:])
	if err != nil || !hmac.Equal(mac, t.sign(token[:i])) {
		return c, invalid
	}
	_, body, _ := strings.Cut(token[:i], ".")
	text, err := b64.DecodeString(body)
	switch {
	case err != nil || json.Unmarshal(text, &c) != nil || c.Type != kind:
		return c, invalid
	case t.now().Unix() >= c.Exp:
		return c, "Token is expired"
	}
	return c, ""
}

// check tells what is wrong with an access token, or "".
func (t *tokens) check(token string) string {
	_, problem := t.read(token, "access")
	return problem
}

// login answers POST /v1/auth/login/.
func (a *rental) login(c *call) reply {
	var in struct {
		User     *string `json:"username"`
		Password *string `json:"password"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return a.problem(http.StatusBadRequest, "JSON parse error")
	}
	if in.User == nil || in.Password == nil {
		return a.required(map[string]bool{"username": in.User == nil, "password": in.Password == nil})
	}
	t := a.tokens
	if *in.User != t.user || *in.Password != t.password {
		return a.unauthorized(`{"detail":` + quoted(a.say("No active account found with the given credentials")) + `}`)
	}
	return a.pair(t.issue("refresh", 24*time.Hour))
}

// refresh answers POST /v1/auth/refresh/.
func (a *rental) refresh(c *call) reply {
	var in struct {
		Refresh *string `json:"refresh"`
	}
	if json.Unmarshal(c.body, &in) != nil {
		return a.problem(http.StatusBadRequest, "JSON parse error")
	}
	if in.Refresh == nil {
		return a.required(map[string]bool{"refresh": true})
	}
	t := a.tokens
	old, problem := t.read(*in.Refresh, "refresh")
	if problem == "" && !t.use(old.ID) {
		problem = "Token is blacklisted"
	}
	if problem != "" {
		return a.unauthorized(`{"detail":` + quoted(a.say(problem)) + `,"code":"token_not_valid"}`)
	}
	if !t.rotate {
		return a.pair("")
	}
	return a.pair(t.issue("refresh", 24*time.Hour))
}

// use ends a refresh token, if they rotate, and tells whether it was alive.
func (t *tokens) use(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead[id] {
		return false
	}
	t.dead[id] = t.rotate
	return true
}

// pair answers with a new access token, and a refresh token if there is one.
func (a *rental) pair(refresh string) reply {
	out := struct {
		Access  string `json:"access"`
		Refresh string `json:"refresh,omitempty"`
	}{a.tokens.issue("access", a.tokens.access), refresh}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // plain fields
	}
	return content(http.StatusOK, "application/json", text)
}

// required answers a request that lacks members.
func (a *rental) required(lacks map[string]bool) reply {
	problems := map[string][]string{}
	for name, yes := range lacks {
		if yes {
			problems[name] = []string{"This field is required."}
		}
	}
	return a.invalid(problems)
}

// invalid answers a request with wrong values, by name.
func (a *rental) invalid(problems map[string][]string) reply {
	text, err := json.Marshal(problems)
	if err != nil {
		panic(err) // plain texts
	}
	return content(http.StatusBadRequest, "application/json", text)
}

// A throttle allows so many requests in any minute.
type throttle struct {
	allowed int // 0: no limit
	now     func() time.Time

	mu   sync.Mutex
	past []time.Time // of the last minute, oldest first
}

// take counts a request, or tells how long to wait until there is room.
func (t *throttle) take() (wait time.Duration, ok bool) {
	if t.allowed == 0 {
		return 0, true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for len(t.past) > 0 && now.Sub(t.past[0]) >= time.Minute {
		t.past = t.past[1:]
	}
	if len(t.past) >= t.allowed {
		return time.Minute - now.Sub(t.past[0]), false
	}
	t.past = append(t.past, now)
	return 0, true
}
