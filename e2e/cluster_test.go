package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/websocket"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// A cluster stands in for Kubernetes: as much of its API as Airflow's pods need,
// of which each runs as a process in a root of its own that holds what the image
// of deploy/Dockerfile does and the volumes of the pod. A pod that is not, field
// by field, one of Kubernetes is refused.
type cluster struct {
	t       *testing.T
	url     string
	image   string            // the binary
	secrets map[string]env    // by name
	configs map[string]string // files of a ConfigMap named etl

	mu   sync.Mutex
	pods []*podProcess // all that ever were, in order
}

// A podProcess is a pod and its process. The cluster's lock guards it.
type podProcess struct {
	core.Pod
	root    string
	output  bytes.Buffer
	deleted bool
}

// startCluster starts a cluster that ends with the test.
func startCluster(t *testing.T, secrets map[string]env, configs map[string]string) *cluster {
	t.Helper()
	c := &cluster{t: t, image: release(t, ".."), secrets: secrets, configs: configs}
	const pods = "/api/v1/namespaces/{namespace}/pods"
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+pods, c.create)
	mux.HandleFunc("GET "+pods, c.list)
	mux.HandleFunc("GET "+pods+"/{name}", c.reply(func(*podProcess) {}))
	mux.HandleFunc("DELETE "+pods+"/{name}", c.reply(func(p *podProcess) { p.deleted = true }))
	mux.HandleFunc("PATCH "+pods+"/{name}", c.label)
	mux.HandleFunc("GET "+pods+"/{name}/log", c.log)
	mux.Handle("GET "+pods+"/{name}/exec", websocket.Server{Handshake: channels, Handler: c.exec})
	mux.HandleFunc("GET /api/v1/namespaces/{namespace}/events", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, core.EventList{Items: []core.Event{}})
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// config is a kubeconfig that leads to the cluster.
func (c *cluster) config() string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c","clusters":[{"name":"c","cluster":{"server":%q}}],`+
		`"users":[{"name":"u","user":{}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"u"}}]}`, c.url)
}

func answer(w http.ResponseWriter, status int, of any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(of) // a client that has gone is not missed
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, meta.Status{Status: meta.StatusFailure, Code: int32(status), Message: message})
}

// create takes a pod and runs it.
func (c *cluster) create(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p := &podProcess{}
	if err := yaml.UnmarshalStrict(text, &p.Pod); err != nil {
		c.t.Errorf("a pod that Kubernetes does not know: %v\n%s", err, text)
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	p.Namespace = r.PathValue("namespace")
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.start(p); err != nil {
		c.t.Errorf("starting the pod %s: %v", p.Name, err)
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	c.pods = append(c.pods, p)
	answer(w, http.StatusCreated, p.Pod)
}

// start runs the first container of a pod. The others, of which Airflow's sidecar
// is one, are taken for running until they are told to end.
func (c *cluster) start(p *podProcess) error {
	p.root = c.t.TempDir()
	if err := c.fill(p); err != nil {
		return err
	}
	user := *p.Spec.SecurityContext.RunAsUser
	cmd := exec.CommandContext(c.t.Context(), "/etl", p.Spec.Containers[0].Args...)
	cmd.Dir, cmd.Env = "/", c.environment(p.Spec.Containers[0])
	cmd.Stdout, cmd.Stderr = &lockedWriter{&c.mu, &p.output}, &lockedWriter{&c.mu, &p.output}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: p.root, Credential: &syscall.Credential{Uid: uint32(user), Gid: uint32(user)}}
	if err := cmd.Start(); err != nil {
		return err
	}
	for _, container := range p.Spec.Containers {
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, core.ContainerStatus{
			Name: container.Name, State: core.ContainerState{Running: &core.ContainerStateRunning{StartedAt: meta.Now()}},
		})
	}
	p.Status.Phase = core.PodRunning
	go func() {
		_ = cmd.Wait() // its exit code says it
		c.mu.Lock()
		defer c.mu.Unlock()
		p.end(p.Spec.Containers[0].Name, cmd.ProcessState.ExitCode())
	}()
	return nil
}

// fill makes the root of a pod: the image, and its volumes.
func (c *cluster) fill(p *podProcess) error {
	if err := errors.Join(
		os.Chmod(p.root, 0o755), os.Chmod(filepath.Dir(p.root), 0o755), //nolint:gosec // the pod's user must enter
		copyFile(c.image, filepath.Join(p.root, "etl")), os.Chmod(filepath.Join(p.root, "etl"), 0o755), //nolint:gosec // and run it
	); err != nil {
		return err
	}
	for _, mount := range p.Spec.Containers[0].VolumeMounts {
		folder := filepath.Join(p.root, mount.MountPath)
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.Chmod(folder, 0o777)); err != nil { //nolint:gosec // as those of an emptyDir
			return err
		}
		at := slices.IndexFunc(p.Spec.Volumes, func(v core.Volume) bool { return v.Name == mount.Name })
		if at < 0 {
			return fmt.Errorf("the pod has no volume %s", mount.Name)
		}
		if p.Spec.Volumes[at].ConfigMap == nil {
			continue
		}
		for name, content := range c.configs {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o644); err != nil { //nolint:gosec // the pod's user reads it
				return err
			}
		}
	}
	return nil
}

// environment is that of a container: what its secrets hold, and its own.
func (c *cluster) environment(container core.Container) (list []string) {
	for _, from := range container.EnvFrom {
		for name, value := range c.secrets[from.SecretRef.Name] {
			list = append(list, name+"="+value)
		}
	}
	for _, variable := range container.Env {
		list = append(list, variable.Name+"="+variable.Value)
	}
	return list
}

// end notes that a container has ended.
func (p *podProcess) end(container string, code int) {
	running, failed := false, false
	for i := range p.Status.ContainerStatuses {
		s := &p.Status.ContainerStatuses[i]
		if s.Name == container {
			s.State = core.ContainerState{Terminated: &core.ContainerStateTerminated{ExitCode: int32(code), FinishedAt: meta.Now()}}
		}
		running = running || s.State.Running != nil
		failed = failed || s.State.Terminated != nil && s.State.Terminated.ExitCode != 0
	}
	switch {
	case running:
	case failed:
		p.Status.Phase = core.PodFailed
	default:
		p.Status.Phase = core.PodSucceeded
	}
}

// of returns a pod that was not deleted; the lock is held.
func (c *cluster) of(r *http.Request) *podProcess {
	for _, p := range c.pods {
		if p.Name == r.PathValue("name") && !p.deleted {
			return p
		}
	}
	return nil
}

// reply does something with a pod, and answers with it.
func (c *cluster) reply(do func(*podProcess)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		p := c.of(r)
		if p == nil {
			refuse(w, http.StatusNotFound, "there is no such pod")
			return
		}
		do(p)
		answer(w, http.StatusOK, p.Pod)
	}
}

// list answers with the pods of a selector.
func (c *cluster) list(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.FormValue("labelSelector"))
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	found := core.PodList{Items: []core.Pod{}}
	for _, p := range c.pods {
		if !p.deleted && selector.Matches(labels.Set(p.Labels)) {
			found.Items = append(found.Items, p.Pod)
		}
	}
	answer(w, http.StatusOK, found)
}

// label merges labels into those of a pod.
func (c *cluster) label(w http.ResponseWriter, r *http.Request) {
	var patch struct {
		Metadata struct{ Labels map[string]string }
	}
	if err := json.NewDecoder(r.Body).Decode(&patch); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	c.reply(func(p *podProcess) {
		for name, value := range patch.Metadata.Labels {
			p.Labels[name] = value
		}
	})(w, r)
}

// log answers with what a pod has written, once it has ended.
func (c *cluster) log(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		c.mu.Lock()
		p := c.of(r)
		if p == nil {
			c.mu.Unlock()
			refuse(w, http.StatusNotFound, "there is no such pod")
			return
		}
		done, text := p.Status.ContainerStatuses[0].State.Terminated != nil, p.output.String()
		c.mu.Unlock()
		if !done && strings.EqualFold(r.FormValue("follow"), "true") {
			<-time.After(20 * time.Millisecond)
			continue
		}
		for line := range strings.Lines(text) {
			if strings.EqualFold(r.FormValue("timestamps"), "true") {
				line = time.Now().UTC().Format(time.RFC3339Nano) + " " + line
			}
			_, _ = io.WriteString(w, line) // a client that has gone is not missed
		}
		return
	}
}

// channels is the handshake of kubectl exec: a byte before each message says
// which stream it is of.
func channels(config *websocket.Config, _ *http.Request) error {
	config.Protocol = []string{"v4.channel.k8s.io"}
	return nil
}

// exec does what Airflow has its sidecar do: hand over the result, and end.
func (c *cluster) exec(ws *websocket.Conn) {
	defer ws.Close() // says goodbye; without it Airflow takes it for a fault
	r := ws.Request()
	c.mu.Lock()
	p := c.of(r)
	c.mu.Unlock()
	const stdout = "\x01"
	if command := strings.Join(r.URL.Query()["command"], " "); strings.Contains(command, "cat /airflow/xcom/return.json") {
		text, err := os.ReadFile(filepath.Join(p.root, "airflow/xcom/return.json"))
		if err != nil {
			c.t.Errorf("the pod %s has left nothing for XCom: %v", p.Name, err)
		}
		_ = websocket.Message.Send(ws, append([]byte(stdout), text...)) // a client that has gone is not missed
		return
	}
	for message := ""; !strings.Contains(message, "kill"); {
		if err := websocket.Message.Receive(ws, &message); err != nil {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p.end(r.FormValue("container"), 0)
}

// ran returns what each pod ran, in order, and how it ended.
func (c *cluster) ran() (all []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.pods {
		code := "runs"
		if ended := p.Status.ContainerStatuses[0].State.Terminated; ended != nil {
			code = fmt.Sprint(ended.ExitCode)
		}
		all = append(all, p.Spec.Containers[0].Args[0]+" "+code)
	}
	return all
}

// A lockedWriter writes under a lock.
type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}
