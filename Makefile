# The ODATIS VRE: `make run` starts it, `make test` tests it. Each works alone on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := requirements/notebook.txt requirements/hub.txt requirements/gateway.txt
PROXY := images/proxy/package.json images/proxy/package-lock.json
PIP := $(BIN)/python -m pip --disable-pip-version-check install
# The locks are whole, so nothing is resolved: what pip would resolve changes with each new release.
LOCKED := --quiet --no-deps --require-hashes
# They bring clusters up themselves, and there is one at a time.
OWN_CLUSTERS := tests/cluster/test_lifecycle.py
UV := $(BIN)/python requirements/run_uv.py pip install --python $(BIN)/python
SLOWLY = { echo "uv did not; pip tries, for some minutes / uv n'a pas pu ; pip essaie, quelques minutes..."; $(PIP) $(LOCKED) $(1); }

.DEFAULT_GOAL := help
.PHONY: help install run test test-cluster cluster-images own-clusters check images chart screenshots lock clean

help: ## Show this list / Afficher cette liste
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(VENV)/.installed ## Create .venv from the locks / Créer .venv à partir des verrous

run: install ## Start the VRE on this machine / Démarrer le VRE sur cette machine
	@exec $(BIN)/odatis up

test: install $(VENV)/.tested ## Run all tests / Lancer tous les tests
	@sh tests/system-tools.sh
	$(BIN)/python -m pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

test-cluster: install $(VENV)/.tested ## Test on a real Kubernetes / Tester sur un vrai Kubernetes
	@sh tests/system-tools.sh
	@PYTHONPATH=tests/cluster $(BIN)/python -m onenode prepare
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target cluster-images own-clusters
	ODATIS_TEST_CLUSTER=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadscope tests/cluster --ignore $(OWN_CLUSTERS)

# Beside each other: the images are built by one processor for the most part, and no test here needs them.
# Another cluster gets its images from where ODATIS_IMAGE_PREFIX says.
cluster-images:
	@test -n "$$ODATIS_IMAGE_PREFIX" || BASE=$${BASE:-local} sh images/build.sh --archive $${XDG_CACHE_HOME:-$$HOME/.cache}/odatis-vre/images

own-clusters:
	ODATIS_TEST_CLUSTER=1 $(BIN)/python -m pytest $(OWN_CLUSTERS)

check: install $(VENV)/.tested ## Style and import contract / Style et contrat d'import
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

screenshots: install $(VENV)/.tested ## Take the pictures of docs/images / Prendre les images de docs/images
	@sh tests/system-tools.sh
	$(BIN)/python -m pytest tests/browser/test_journey.py --screenshots docs/images

images: ## Build and test the images; BASE=local: with no registry / Construire et tester les images; BASE=local : sans registre
	@sh images/build.sh

chart: install ## Write the schema of the chart's values / Écrire le schéma des valeurs du chart
	$(BIN)/python -m odatis_vre.hub.kubernetes.values > helm/odatis-vre/values.schema.json

lock: $(VENV)/.tested ## Resolve the locks anew / Recalculer les verrous
	sh requirements/lock.sh $(BIN)/python

clean: ## Remove what make made / Supprimer ce que make a créé
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache .hypothesis test-results

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Python 3.11 or later is needed / Il faut Python 3.11 ou plus récent: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv module is needed / Il faut le module venv de Python (Debian: python3-venv)."; exit 1; }

$(VENV)/.installed: requirements/build.txt $(LOCKS) $(PROXY) requirements/node.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing, a minute or two the first time / Installation, une minute ou deux la première fois..."
	@$(PIP) $(LOCKED) -r requirements/build.txt
	@$(UV) $(LOCKED) $(LOCKS:%=-r %) || $(call SLOWLY,$(LOCKS:%=-r %))
	@sh requirements/proxy.sh $(VENV)
	@$(PIP) --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.tested: requirements/dev.txt $(VENV)/.installed
	@$(UV) $(LOCKED) -r requirements/dev.txt || $(call SLOWLY,-r requirements/dev.txt)
	@touch $@
