# Every target is a chore of setup_kaiyue.py, which also runs where there is no make:  python3 setup_kaiyue.py demo
PYTHON ?= python3

.PHONY: setup demo test check bench nightly
setup demo test check bench nightly:
	@SERVE=$(SERVE) $(PYTHON) setup_kaiyue.py $@
