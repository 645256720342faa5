# make test does what CI does, on a new machine too.

SUITES := lint vulnerabilities unit e2e-sim e2e-django

.PHONY: test e2e $(SUITES)

test:
	@tools/suites $(SUITES)

e2e:
	@tools/suites e2e-sim e2e-django

$(SUITES):
	@tools/suites $@
