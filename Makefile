# Every target sets up what it needs: a virtual environment in .venv from the locked dependencies.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check bench nightly format lock clean rules-docs
.DELETE_ON_ERROR:

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/ready        ## a simulated study: uploads, mapping, and every output, in ./demo
	$(BIN)/milkqc demo --out demo

test: .venv/ready        ## all tests; those that need something this machine lacks are skipped with a reason
	$(BIN)/python -m pytest -rs -n auto --dist loadscope

check: .venv/ready       ## what CI runs: format, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_layers.py
	$(MAKE) --no-print-directory test

bench: .venv/ready       ## timings, as ratios against a peer in the same run
	$(BIN)/python -m benchmarks

nightly: .venv/ready     ## 20,000 damaged files through the readers, about ten minutes
	CASES=20000 $(BIN)/python -m benchmarks corruption damage_text

rules-docs: .venv/ready  ## docs/rules made anew, a page for every rule
	$(BIN)/milkqc rules docs --out docs/rules

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: pyproject.toml     ## resolve the dependencies anew (the only target that does)
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/pip install --quiet pip-tools
	.venv-lock/bin/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.lock pyproject.toml
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock demo dist build
