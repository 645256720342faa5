package etl_test

// mutants are mistakes in what makes commits safe, and in what proofs rest on.
var mutants = []mutant{
	{
		"a file is not synced", "load/store_folder",
		`err := o.folder.do("fsync", o.name, o.file.Sync)`, `var err error`,
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"a folder is not synced when a file is closed", "load/store_folder",
		"	if err == nil {\n		err = o.folder.sync(path.Dir(o.name))\n	}\n", "",
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"a folder is not synced when an object gets its name", "load/store_folder",
		"	if err == nil {\n		err = f.sync(path.Dir(name))\n	}\n", "",
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"folders are not synced when one is made in them", "load/store_places",
		"		if err := f.syncFolders(dir); err != nil {", "		if err := error(nil); err != nil && dir != \"\" {",
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"a folder that is there is taken to be on disk", "load/store_places",
		`if dir == "." || f.placed.has(dir) {`, `if _, err := f.root.Stat(dir); err == nil {`,
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"no room is kept for publishing", "load/commit_log",
		"	if err := d.keepRoom(next); err != nil {", "	if err := error(nil); err != nil {",
		"TestRecoveryOnAFullDisk",
	},
	{
		"folders are not synced after a move", "load/store_folder",
		"return errors.Join(f.sync(path.Dir(to)), f.sync(path.Dir(from)))", "return nil",
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"files that are moved together are not brought to disk", "load/store_places",
		"			if err := f.sync(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {", "			if err := error(nil); err != nil && dir != \"\" {",
		"TestEverythingIsOnDiskBeforeTheNextStep",
	},
	{
		"the error of Close is not looked at", "load/store_folder",
		`err = errors.Join(err, o.folder.do("close", o.name, o.file.Close))`, `_ = o.folder.do("close", o.name, o.file.Close)`,
		"TestEveryFailureOfTheDiskIsSeen|TestEveryErrorAtEveryCall",
	},
	{
		"the error of fsync is not looked at", "load/store_folder",
		`err := o.folder.do("fsync", o.name, o.file.Sync)`, "_ = o.folder.do(\"fsync\", o.name, o.file.Sync)\n	var err error",
		"TestEveryFailureOfTheDiskIsSeen|TestEveryErrorAtEveryCall",
	},
	{
		"a commit record takes the place of another", "load/store_folder",
		"return f.place(name, data, f.link)", "return f.place(name, data, f.rename)",
		"TestProcessesWithoutALock|TestObjects",
	},
	{
		"what cannot be looked at counts as absent", "load/store",
		"	if errors.Is(err, fs.ErrNotExist) {\n		return false, nil\n	}\n	return err == nil, stored", "	if err != nil {\n		return false, nil\n	}\n	return err == nil, stored",
		"TestEveryErrorAtEveryCall|TestOneErrorAtEveryCall",
	},
	{
		"what cannot be removed counts as removed", "load/store_folder",
		"	err := f.do(\"remove\", name, func() error { return f.root.Remove(name) })\n	if errors.Is(err, fs.ErrNotExist) {", "	err := f.do(\"remove\", name, func() error { return f.root.Remove(name) })\n	if err != nil {",
		"TestAFolderTellsEveryError",
	},
	{
		"published before it is committed", "load/commit_log",
		"	if err := d.append(next); err != nil {", "	if err := d.Publish(next); err != nil {\n		return nil, err\n	}\n	if err := d.append(next); err != nil {",
		"TestCrashAtEveryCall",
	},
	{
		"marked as published before the files are in place", "load/publish",
		"	moves := c.moves()\n", "	if err := d.store.objects.create(d.mark(c.Number), nil); err != nil {\n		return err\n	}\n	moves := c.moves()\n",
		"TestCrashAtEveryCall",
	},
	{
		"replaced files leave before the view is written", "load/publish",
		"	if err := d.writeView(c); err != nil {\n		return err\n	}\n", "",
		"TestCrashAtEveryCall",
	},
	{
		"a name is used again", "load/commit_build",
		`"%06d-%04d.parquet", c.Number, i+1`, `"%06d-%04d.parquet", (c.Number+1)/2, i+1`,
		"TestAnythingAtOnce|TestCrashAtEveryCall",
	},
	{
		"a lost answer counts as a lost race", "load/commit_log",
		"	case err == nil && bytes.Equal(there, data):\n		return nil\n", "	case err == nil && bytes.Equal(there, data) && c == nil:\n		return nil\n",
		"TestUnclearAnswersAreReadBack",
	},
	{
		"another's record counts as one's own", "load/commit_log",
		"	case err == nil && bytes.Equal(there, data):", "	case err == nil && there != nil:",
		"TestProcessesWithoutALock|TestAnythingAtOnce",
	},
	{
		"a copy that arrives late stays", "load/recover",
		"	if err := d.sweep(published); err != nil {", "	if err := error(nil); err != nil {",
		"TestLateCopies",
	},
	{
		"a copy that failed counts as made", "load/store_bucket",
		"	if err := r.bucket.Copy(from, to); err != nil {", "	if err := error(nil); err != nil {",
		"TestObjects|TestCrashAtEveryCall",
	},
	{
		"a closed stage is committed from", "load/stage",
		"	if closed {", "	if closed && c == nil {",
		"TestAnythingAtOnce|TestGCAndARunAtEveryCall",
	},
	{
		"staged files are not looked at before the commit", "load/stage",
		"		if err == nil && !there {", "		if err == nil && !there && c == nil {",
		"TestAnythingAtOnce|TestGCAndARunAtEveryCall",
	},
	{
		"gc removes a closed stage without a later commit", "load/gc_stages",
		"	if g.refs.upTo <= at {", "	if g.refs.upTo < at {",
		"TestAnythingAtOnce|TestGCAndARunAtEveryCall",
	},
	{
		"gc removes at once what no commit names", "load/gc_stages",
		"			if err := g.store.objects.move(name, g.aside(name, run)); err", "			if err := g.store.objects.remove(name); err",
		"TestAnythingAtOnce|TestGCAndARunAtEveryCall|TestGCOfOrphans",
	},
	{
		"gc removes replaced files at once", "load/gc",
		"old[dir] = !since.IsZero() && g.o.Now.Sub(since) > g.o.KeepReplaced", "old[dir] = !since.IsZero()",
		"TestGCOfReplacedFiles|TestGCSparesWhatIsOfUse",
	},
	{
		"gc removes what an unpublished commit replaces", "load/gc",
		"old[dir] = !since.IsZero() && g.o.Now.Sub(since) > g.o.KeepReplaced", "old[dir] = g.o.Now.Sub(since) > g.o.KeepReplaced",
		"TestGCOfReplacedFilesOfALostCommit|TestGCKeepsWhatIsReplacedBeforeItIsPublished",
	},
	{
		"details that gc set aside are not fetched back", "load/attached",
		"				if err := d.store.restore(from, name); err != nil {", "				if err := error(nil); err != nil {",
		"TestGCAndARunAtEveryCall|TestGCGivesBack|TestAnythingAtOnce",
	},
	{
		"the stage of a run that seems dead is cleared at once", "load/stage_abandoned",
		"	g := &collector{Dataset: st.data}\n	return stored(", "	if err := st.Clear(); err != nil {\n		return err\n	}\n	g := &collector{Dataset: st.data}\n	return stored(",
		"TestAnythingAtOnce",
	},
	{
		"a stage is reclaimed before a later commit stands", "load/stage_abandoned",
		"	if err != nil || newest <= at {", "	if err != nil || newest < at {",
		"TestAnythingAtOnce",
	},
	{
		"an old publisher writes its view", "load/views",
		"	if err != nil || newer {", "	if err != nil || newer && c == nil {",
		"TestAnOldCommitWritesNoView|TestAnythingAtOnce",
	},
	{
		"nobody looks at the view again after publishing", "load/publish",
		"	return d.refreshView()\n}\n\n// publishes", "	return nil\n}\n\n// publishes",
		"TestAnythingAtOnce",
	},
	{
		"recovery leaves dropped files in sight", "load/recover",
		"	if err := d.sweep(published); err != nil {", "	if err := error(nil); err != nil {",
		"TestRecoverPutsDataRight|TestAnythingAtOnce",
	},
	{
		"recovery sweeps files that are being published", "load/recover",
		"ok || err != nil || number > c.Number", "ok || err != nil || number < 0",
		"TestRecoverPutsDataRight|TestAnythingAtOnce",
	},
	{
		"a commit follows on one that is not published", "load/commit_log",
		"	if highest == n {", "	if highest == n || draft.Run != \"\" {",
		"TestAnythingAtOnce|TestCommitRefuses",
	},
	{
		"a commit follows on another base than it was built on", "load/commit_log",
		"	if n != draft.Base {", "	if n < draft.Base {",
		"TestOfTwoCommitsOnOneBaseOneWins|TestAnythingAtOnce",
	},
	{
		"a file that is in place is believed without its hash", "load/publish",
		"	if err == nil && sum == f.SHA256 {", "	if err == nil && sum != \"\" {",
		"TestPublish.*",
	},
	{
		"a publisher that was overtaken is stuck", "load/publish",
		"	if done, err := d.publishes(c.Number); done || err != nil {", "	if done, err := d.publishes(c.Number); done && c == nil || err != nil {",
		"TestPublishIsOvertaken|TestAnythingAtOnce",
	},
	{
		"replaced files are removed", "load/publish",
		"	err := o.move(name, d.retired(number, name))\n", "	err := o.remove(name)\n",
		"TestRollback|TestRecoverPutsDataRight",
	},
	{
		"rollback believes the files of a lost commit", "load/rollback",
		"lost && slices.Contains(base.Added, f.Path)", "lost && base == nil",
		"TestRollbackBelievesNothingOfWhatIsLost|TestRandomOperationsFollowTheModel",
	},
	{
		"a record of a newer format is read", "load/commit",
		"if err != nil || c.Format != Format {", "if err != nil {",
		"TestDamagedRecordsStopEverything",
	},
	{
		"a written footer is not read back", "load/parquet_verify",
		"func (f *parquetFile) verify() error {\n", "func (f *parquetFile) verify() error {\n	if f != nil {\n		return nil\n	}\n",
		"TestFooterIsCompared|TestFooter|TestEveryFailureOfTheDiskIsSeen",
	},
	{
		"pages that waited on disk are believed without their checksum", "load/parquet_shelf",
		"	if stored && checksum(", "	if stored && p.size == 0 && checksum(",
		"TestPagesThatDiskLosesAreMissed",
	},
	{
		"bounds of keys are believed without the index of pages", "load/merge_bounds",
		"		if least != low || most != high || j.merge.Between(low, high) {", "		if least == high+1 || most == low-1 || j.merge.Between(low, high) {",
		"TestMergeSearchesOnlyFilesThatMayLoseRows",
	},
	{
		"keys of changed rows are not looked for", "load/merge_bounds",
		"		return at < len(keys) && keys[at] <= high\n", "		return at < len(keys) && keys[at] < high\n",
		"TestMergeSearchesOnlyFilesThatMayLoseRows|TestRandomOperationsFollowTheModel",
	},
	{
		"two runs hold the lock", "load/lock",
		"	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)\n	if errors.Is(err, syscall.EWOULDBLOCK) {\n		err = fault", "	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)\n	if errors.Is(err, syscall.EWOULDBLOCK) {\n		err = fault",
		"TestLock",
	},
	{
		"kept pages are resumed after a newer commit", "internal/pipeline/reading_left",
		"	case old.Base < t.lastRead():\n", "	case old.Base < t.lastRead() && old.State == load.Committed:\n",
		"TestResumeAfterANewerCommit",
	},
	{
		"pages of a run that goes on are taken", "internal/pipeline/reading_left",
		"	t.beside = true\n", "",
		"TestPagesOfARunThatGoesOn",
	},
	{
		"late answers count as asked", "internal/pipeline/parents",
		"		k.open.Changed = \"\"", "		k.late += 0",
		"TestAnswersOlderThanTheirList",
	},
	{
		"a data set is as well proven as its last slice", "internal/pipeline/commit",
		"proof = weaker(proof, s.Proof)", "_ = s",
		"TestDataSetIsProvenAsItsWeakestSlice",
	},
	{
		"a cleared stage is a fault of the disk", "internal/pipeline/job",
		"	if !errors.Is(err, fs.ErrNotExist) || fault.Of(err) != fault.Storage {", "	if errors.Is(err, fs.ErrNotExist) || fault.Of(err) != fault.Storage {",
		"TestStageClearedByAnother",
	},
}
