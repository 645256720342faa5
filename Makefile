# make test does what CI does, on a new machine too.

SUITES := lint vulnerabilities unit stores e2e-sim e2e-django e2e-airflow

.PHONY: test test-stores test-bigquery e2e properties fuzz $(SUITES)

test:
	@tools/suites $(SUITES)

# test-stores holds destinations in buckets against servers of buckets.
test-stores:
	@tools/suites stores

# test-bigquery tries on a real project what no test can show: make test-bigquery
# PROJECT=… [DATASET=…] [BUCKET=…]. With DRY=yes it only prints what it would do.
test-bigquery:
	@tools/test-bigquery $(if $(DRY),-n) "$(PROJECT)" "$(DATASET)" "$(BUCKET)"

e2e:
	@tools/suites e2e-sim e2e-django

$(SUITES):
	@tools/suites $@

# test-airflow puts a whole installation of Airflow 3 through failures, kills and
# backfills; test-airflow-2 has Airflow 2 import the DAGs and run one.
.PHONY: test-airflow test-airflow-2

test-airflow:
	@tools/suites airflow

test-airflow-2:
	@tools/suites airflow-2

# bench measures etl and holds it to its gates; it takes a quarter of an hour on
# two cores. bench-quick does it with a tenth of the data in under five minutes.
.PHONY: bench bench-quick

bench:
	@tools/prepare go cc && tools/bench go run .

bench-quick:
	@tools/prepare go cc && tools/bench go run . -quick

# soak disturbs runs at random for an hour: faults, networks, signals, kills.
.PHONY: soak
soak:
	@tools/prepare go cc && cd e2e && go test -count=1 -timeout 0 -v -run '^TestSoak$$' . -soak 1h

# make properties has 10,000 random tables written and read back, by Arrow and by
# DuckDB; the tests make some hundreds.
TABLES ?= 10000

properties:
	@tools/prepare go cc
	go test -count=1 -timeout 1h -v -run '^TestTables$$' ./internal/pipeline -rapid.checks=$(TABLES)
	cd e2e && go test -count=1 -timeout 1h -v -run '^TestRandomTables$$' . -tables=$(TABLES)

# make fuzz runs every fuzz target for FUZZTIME, one after the other.
FUZZTIME ?= 10m

fuzz:
	@tools/prepare go
	@FUZZTIME=$(FUZZTIME) tools/fuzz

# reliability kills a run at every one of its calls to the file system, takes the
# power from it at each, lets processes run at once, tries 100,000 schedules, and
# sees every mutant die. It takes two cores an hour; docs/reliability.md
# says what each suite takes, and has the figures of the last time.
RELIABILITY := kills power processes schedules mutants

.PHONY: reliability $(RELIABILITY)

reliability:
	@tools/suites $(RELIABILITY)

$(RELIABILITY):
	@tools/suites $@
