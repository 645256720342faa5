# make test does what CI does, on a new machine too.

SUITES := lint vulnerabilities unit e2e-sim e2e-django

.PHONY: test e2e $(SUITES)

test:
	@tools/suites $(SUITES)

e2e:
	@tools/suites e2e-sim e2e-django

$(SUITES):
	@tools/suites $@

# bench measures etl and holds it to its gates; it takes a quarter of an hour on
# two cores. bench-quick does it with a tenth of the data in under five minutes.
.PHONY: bench bench-quick

bench:
	@tools/prepare go cc && cd bench && GOFLAGS=-mod=mod go run .

bench-quick:
	@tools/prepare go cc && cd bench && GOFLAGS=-mod=mod go run . -quick

# soak disturbs runs at random for an hour: faults, networks, signals, kills.
.PHONY: soak
soak:
	@tools/prepare go cc && cd e2e && go test -count=1 -timeout 0 -v -run '^TestSoak$$' . -soak 1h
