package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"etl/e2e/compare"
)

// The job decodes into the types of Kubernetes without a field left over, and
// tells the codes that are worth another try from the others as the exit codes
// of etl do.
func TestKubernetesJob(t *testing.T) {
	text, err := os.ReadFile("../deploy/kubernetes/shards.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var job batch.Job
	if err := yaml.UnmarshalStrict(text, &job); err != nil {
		t.Fatal(err)
	}
	spec := job.Spec
	if spec.CompletionMode == nil || *spec.CompletionMode != batch.IndexedCompletion || spec.BackoffLimitPerIndex == nil {
		t.Error("the pods are not numbered, or not retried by number: JOB_COMPLETION_INDEX would not be set")
	}
	pod := spec.Template.Spec
	if pod.RestartPolicy != core.RestartPolicyNever {
		t.Errorf("restartPolicy is %q, and a podFailurePolicy needs Never", pod.RestartPolicy)
	}
	rule := spec.PodFailurePolicy.Rules[0]
	if rule.Action != batch.PodFailurePolicyActionFailJob || *rule.OnExitCodes.ContainerName != pod.Containers[0].Name {
		t.Errorf("the first rule does %s for %s", rule.Action, *rule.OnExitCodes.ContainerName)
	}
	if diff := cmp.Diff([]int32{1, 2, 4, 5, 7}, rule.OnExitCodes.Values); diff != "" {
		t.Errorf("codes that end the job (-want +got):\n%s", diff)
	}
	// etl itself knows the command line: it misses the plan, not a flag.
	args := slices.Clone(pod.Containers[0].Args)
	for i, arg := range args {
		switch {
		case arg == "/config/pipelines.yaml":
			args[i] = shipped
		case strings.HasPrefix(arg, "s3://"):
			args[i] = filepath.Join(t.TempDir(), "none.json")
		}
	}
	r := run(t, env{"JOB_COMPLETION_INDEX": "3", "ETL_DESTINATION": t.TempDir()}, args...)
	r.want(t, 2)
	if !strings.Contains(r.stderr, "reading the plan") {
		t.Errorf("the job's command line ends with:\n%s", r.stderr)
	}
}

// The binary runs where there is nothing but itself, certificates and its
// configuration, as a user that no one knows: what the image has.
func TestEmptyRoot(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: another root directory takes the rights of root")
	}
	crm := startSim(t, "--scale", "0.1")
	root := t.TempDir()
	for _, step := range []error{
		os.Chmod(root, 0o755), os.Chmod(filepath.Dir(root), 0o755),
		os.MkdirAll(filepath.Join(root, "etc/ssl/certs"), 0o755), os.Mkdir(filepath.Join(root, "scratch"), 0o755),
		os.Chown(filepath.Join(root, "scratch"), 65532, 65532),
		copyFile(release(t, ".."), filepath.Join(root, "etl")), os.Chmod(filepath.Join(root, "etl"), 0o755),
		copyFile(shipped, filepath.Join(root, "pipelines.yaml")), os.Chmod(filepath.Join(root, "pipelines.yaml"), 0o644),
		os.WriteFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"), nil, 0o644),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	cmd := exec.CommandContext(t.Context(), "/etl", "run", "request_list", "--file", "/pipelines.yaml")
	cmd.Dir = "/scratch"
	cmd.Env = nil
	for name, value := range crm.env.with(env{"ETL_DESTINATION": "/scratch/lake"}) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := readTruth(t, truths(t, "--scale", "0.1")["request_list"])
	db, err := compare.OpenDuckDB()
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	files := compare.Files(filepath.Join(root, "scratch/lake/data/request_list/**/*.parquet")) // its views name files by the other root
	checkTable(t, db, files, "request_list.glob", want, []string{"id"})
}
