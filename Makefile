# Every target calls the launcher, which needs only the standard library of a Python ≥ 3.11.
# A name on the PATH proves nothing (version managers leave shims behind), so each one is tried.
PYTHON := $(or $(PYTHON),$(shell for python in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done))
LAUNCH = test -n "$(PYTHON)" || { echo "Tandem needs Python 3.11 or newer and found none." \
	"Install it (Debian: apt-get install python3.11 python3.11-venv) and run make again." >&2; exit 1; }; \
	$(PYTHON) -m handoff_service.launch

.PHONY: help setup run run-replicas test check soak backup restore bench train evaluate simulate demo screenshots clean

help:
	@$(LAUNCH) --help

setup:
	@$(LAUNCH) setup

run:
	@$(LAUNCH) run

run-replicas:
	@$(LAUNCH) run-replicas

test:
	@$(LAUNCH) test

check:
	@$(LAUNCH) check

soak:
	@$(LAUNCH) soak --minutes $(or $(MINUTES),60) --seed "$(SEED)"

backup:
	@$(LAUNCH) backup --file "$(FILE)"

restore:
	@$(LAUNCH) restore --file "$(FILE)"

bench:
	@$(LAUNCH) bench --sections="$(SECTIONS)"

train:
	@$(LAUNCH) train

evaluate:
	@$(LAUNCH) evaluate

simulate:
	@$(LAUNCH) simulate --dialogues $(or $(DIALOGUES),2000) --seed "$(SEED)"

demo:
	@$(LAUNCH) demo

screenshots:
	@$(LAUNCH) screenshots

clean:
	@$(LAUNCH) clean
