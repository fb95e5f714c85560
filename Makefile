# `make` alone says what there is. PYTHON names the interpreter of an environment with ".[dev]" in it.
PYTHON ?= python

.PHONY: help check lint test fmt regen pictures bench edits fuzz verify

help: ## say what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

check: lint ## lint, types and the quick tests: before every commit
	$(PYTHON) -m pytest -q

lint: ## ruff and mypy, and what dslc itself says of specs/
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -m dslc lint specs
	$(PYTHON) -m dslc fmt --check specs

test: ## all tests, those that need Keras and PyTorch too
	$(PYTHON) -m pytest --everything -n 2 --dist loadfile

fmt: ## format the code and mend what ruff can
	$(PYTHON) -m ruff check --fix-only -q .
	$(PYTHON) -m ruff format .

regen: ## write expected texts anew from what dslc says now; the diff is the review
	$(PYTHON) tools/regen.py
	-$(PYTHON) -m pytest -q --update
	git status --short tests docs

pictures: ## draw the pictures of the README anew
	dslc preview specs/augmentation.dl -o docs/preview.png
	$(PYTHON) tools/make_editor_picture.py
	dslc run specs/compare/init_he.dl --backend torch
	dslc run specs/compare/init_glorot.dl --backend torch
	dslc compare runs/init_glorot-torch runs/init_he-torch -o docs/compare.png

bench: ## processor time of start-up, printing, lint and typing, in milliseconds
	$(PYTHON) tests/bench.py
	$(PYTHON) tests/bench_editor.py

SMALL = --set classes=10
verify: ## dslc verify of every spec, large networks with small pictures: a quarter of an hour
	$(PYTHON) -m dslc verify specs/*.dl specs/compare/*.dl
	$(PYTHON) -m dslc verify specs/zoo/resnet*.dl specs/zoo/googlenet.dl $(SMALL) --input 64x64 --batch 4
	$(PYTHON) -m dslc verify specs/zoo/vgg*.dl $(SMALL) --input 32x32 --batch 2
	$(PYTHON) -m dslc verify specs/zoo/inception_v3.dl $(SMALL) --input 96x96 --batch 2

edits: N ?= 10000
edits: ## edit specs at random, hold what is said against a check of each text alone: make edits N=10000 SEED=1
	$(PYTHON) tests/edits.py $(N) $(SEED)
	$(PYTHON) tests/edits.py $$(($(N) / 5)) $(SEED) --protocol

fuzz: N ?= 500
SEED ?= 1
fuzz: ## hold random specs against Keras and PyTorch: make fuzz N=5000 SEED=1
	PYTHONPATH=tools $(PYTHON) -m fuzz -n $(N) --seed $(SEED)
