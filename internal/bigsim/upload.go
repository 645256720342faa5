package bigsim

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// upload takes the start of a session, and then its bytes.
func (f *Server) upload(w http.ResponseWriter, r *http.Request, job map[string]any) {
	if r.Method == http.MethodPost {
		id := strconv.Itoa(len(f.sessions) + 1)
		f.sessions[id] = job
		if r.URL.Query().Get("uploadType") != "resumable" || r.Header.Get("X-Upload-Content-Length") == "" {
			f.Errorf("an upload that is not resumable")
		}
		u := url.URL{Scheme: cmp.Or(r.URL.Scheme, "http"), Host: r.Host, Path: r.URL.Path, RawQuery: "upload_id=" + id}
		w.Header().Set("Location", u.String())
		return
	}
	id := r.URL.Query().Get("upload_id")
	size, broken := f.receive(r, id)
	switch {
	case broken:
		f.refuse(w, 503, "backendError", "try again")
	case len(f.arrived[id]) < size:
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(f.arrived[id])-1))
		w.WriteHeader(http.StatusPermanentRedirect)
	default:
		f.insert(w, f.sessions[id], f.arrived[id])
	}
}

// receive takes the bytes that a request of an upload brings; it may bring none,
// to ask how many there are. It returns how many there should be in the end.
func (f *Server) receive(r *http.Request, id string) (size int, broken bool) {
	content, err := io.ReadAll(r.Body)
	if err != nil {
		f.Errorf("%v", err)
	}
	ranges := r.Header.Get("Content-Range")
	if _, err := fmt.Sscanf(ranges, "bytes */%d", &size); err == nil {
		return size, false
	}
	var first, last int
	if _, err := fmt.Sscanf(ranges, "bytes %d-%d/%d", &first, &last, &size); err != nil || first != len(f.arrived[id]) || len(content) != size-first {
		f.Errorf("range %q with %d bytes, %d have arrived", ranges, len(content), len(f.arrived[id]))
	}
	if broken = f.BreakUploads && first == 0 && size > 1; broken {
		content = content[:size/2]
	}
	f.arrived[id] = append(f.arrived[id], content...)
	return size, broken
}
