package crmsim

import (
	"fmt"
	"net/http"
	"time"
)

// statusFaults are replies with another status, or another body altogether.
func statusFaults() []Fault {
	all := []Fault{
		{Name: fault500, Doc: "500 with the framework's page of HTML", reply: inPlace(page(500, "Server Error (500)"))},
		{Name: fault502, Doc: "502 with the gateway's page of HTML", reply: inPlace(page(502, "502 Bad Gateway"))},
		{Name: fault503, Doc: "503 with Retry-After: 1", reply: waiting(503, "1")},
		{Name: "429", Doc: "429 with Retry-After: 1", reply: waiting(429, "1")},
		{Name: "429_date", Doc: "429 with a date in Retry-After, a second from now", reply: inASecond},
		{Name: "429_past", Doc: "429 with a date in Retry-After that is over", reply: waiting(429, "Thu, 01 Jan 2015 00:00:00 GMT")},
		{Name: "429_none", Doc: "429 without Retry-After", reply: waiting(429, "")},
		{Name: "429_negative", Doc: "429 with Retry-After: -5", reply: waiting(429, "-5")},
		{Name: "429_garbage", Doc: "429 with a Retry-After that is none", reply: waiting(429, "soon")},
		{Name: "429_long", Doc: "429 with Retry-After: 86400", reply: waiting(429, "86400")},
		{Name: "204", Doc: "204, no content", reply: inPlace(content(204, "", nil))},
		{Name: "206", Doc: "206 with half of the body", reply: part},
		{Name: "redirect_loop", Doc: "307 to itself", reply: redirect(307, "")},
		{Name: faultHTML, Doc: "a page of HTML with status 200", reply: inPlace(page(200, "Maintenance"))},
		{Name: faultEmpty, Doc: "nothing, with status 200", reply: inPlace(content(200, "application/json", nil))},
		{Name: "null", Doc: "null, with status 200", reply: inPlace(content(200, "application/json", []byte("null")))},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		all = append(all, Fault{Name: fmt.Sprint(status), Doc: "a redirect to another host", reply: redirect(status, "http://other.invalid/")})
	}
	for _, status := range []int{400, 401, 403, 404, 407, 408, 422, 425, 504, 520} {
		title := fmt.Sprintf("%d %s", status, http.StatusText(status))
		all = append(all, Fault{Name: fmt.Sprint(status), Doc: "that status with a page of HTML", reply: inPlace(page(status, title))})
	}
	return all
}

// inPlace returns the fault that sends another reply.
func inPlace(bad reply) func(reply) reply {
	return func(reply) reply {
		bad.header = bad.header.Clone()
		return bad
	}
}

// waiting returns the fault that asks to come back later.
func waiting(status int, when string) func(reply) reply {
	bad := page(status, fmt.Sprintf("%d %s", status, http.StatusText(status)))
	if when != "" {
		bad.header.Set("Retry-After", when)
	}
	return inPlace(bad)
}

// inASecond asks to come back at a time of the client's clock, which is that of
// the server unless tests say otherwise.
func inASecond(rep reply) reply {
	return waiting(429, time.Now().Add(2*time.Second).UTC().Format(http.TimeFormat))(rep)
}

// redirect returns the fault that leads elsewhere; empty is to the same place.
func redirect(status int, to string) func(reply) reply {
	bad := page(status, http.StatusText(status))
	bad.header.Set("Location", to)
	return inPlace(bad)
}

func part(rep reply) reply {
	bad := content(http.StatusPartialContent, rep.header.Get("Content-Type"), rep.body[:len(rep.body)/2])
	bad.header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(rep.body)/2-1, len(rep.body)))
	return bad
}

// bodyFaults are replies that are errors by the status in their body alone.
func bodyFaults(member string) []Fault {
	var all []Fault
	for _, status := range []int{400, 403, 500} {
		body := fmt.Appendf(nil, `{"status":%d,"%s":"Error"}`, status, member)
		all = append(all, Fault{
			Name:  fmt.Sprintf("body_%d", status),
			Doc:   "status 200 of HTTP, and another one in the body",
			reply: inPlace(content(200, "application/json", body)),
		})
	}
	return all
}
