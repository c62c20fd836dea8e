# What there is to do; each is `bash .ci/target NAME`, for who has no `just`. Further arguments go to the tool.

_default:
    @just --list

# everything that must hold before a change lands, from a fresh environment
all:
    bash .ci/run

# ruff
lint *arguments:
    bash .ci/target lint {{ arguments }}

# mypy, strict
types *arguments:
    bash .ci/target types {{ arguments }}

# imports run downwards only; what the texts speak of is there
floors *arguments:
    bash .ci/target floors {{ arguments }}

# pylint's search for duplicate code
duplicates *arguments:
    bash .ci/target duplicates {{ arguments }}

# the fast lane of the tests, on two cores
test *arguments:
    bash .ci/target test {{ arguments }}

# the slow lane of the tests
slow *arguments:
    bash .ci/target slow {{ arguments }}

# both lanes of the tests of engines and stores
untraced *arguments:
    bash .ci/target untraced {{ arguments }}

# both lanes of all other tests, with branch coverage
traced *arguments:
    bash .ci/target traced {{ arguments }}

# the documentation site, into build/site
docs *arguments:
    bash .ci/target docs {{ arguments }}

# a wheel into dist, tried in an environment of its own
wheel *arguments:
    bash .ci/target wheel {{ arguments }}

# the tests with the lowest allowed versions of all dependencies
lowest *arguments:
    bash .ci/target lowest {{ arguments }}

# the tests with the newest versions of all dependencies, pre-releases included
newest *arguments:
    bash .ci/target newest {{ arguments }}

# the fuzz targets, two minutes each at most
fuzz *arguments:
    bash .ci/target fuzz {{ arguments }}

# compile the bundled formats anew
regenerate *arguments:
    bash .ci/target regenerate {{ arguments }}
