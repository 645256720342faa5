package load

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a run has finished another one takes over, if it is whole: by source,
// as copies, under names of its own.
func TestFinishedFilesAreTakenOver(t *testing.T) {
	d := open(t).Dataset("requests")
	stage := func(run string) *Stage {
		st, err := d.Stage("schema-1", run)
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	first := stage("run1")
	put := func(st *Stage, name, text string) StagedFile {
		s, err := st.create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		_, sum, err := s.Close()
		if err != nil {
			t.Fatal(err)
		}
		return StagedFile{Staged: name, Folder: "day=2026-01-01", Rows: 1, Bytes: int64(len(text)), SHA256: sum}
	}
	whole, damaged := put(first, "rows-1.part", "one"), put(first, "rows-2.part", "two")
	damaged.SHA256 = whole.SHA256
	for source, f := range map[string]StagedFile{"a": whole, "b": damaged} {
		if err := first.Finish("rows-"+source, source, []StagedFile{f}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.store.objects.put(first.folder+"/rows-c"+finishedNote, []byte(`{"sour`)); err != nil {
		t.Fatal(err)
	}
	second := stage("run2")
	earlier, err := second.Earlier()
	if err != nil {
		t.Fatal(err)
	}
	taken, ok := earlier.Take("mine", "a")
	want := whole
	want.Staged = "mine-1.part"
	if diff := cmp.Diff([]StagedFile{want}, taken); !ok || diff != "" {
		t.Errorf("taken: %v (-want +got):\n%s", ok, diff)
	}
	if text, err := d.store.objects.read(second.nameOf(taken[0])); err != nil || string(text) != "one" {
		t.Errorf("its copy: %q, %v", text, err)
	}
	for _, source := range []string{"b", "c", "d"} {
		if files, ok := earlier.Take("other", source); ok {
			t.Errorf("source %s: took %v", source, files)
		}
	}
	if err := earlier.Clear(); err != nil {
		t.Fatal(err)
	}
	left, err := d.store.objects.list(d.state("stage"))
	if diff := cmp.Diff([]string{second.folder + "/mine-1.part"}, left); err != nil || diff != "" {
		t.Errorf("left (-want +got):\n%s %v", diff, err)
	}
}
