"""Every adapter, read and not imported: its methods, its arguments, what it leaves alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from repro.workers.worker import CONTRACT
from tests.models.drive import EXAMPLES, MODELS

FOREIGN = {"time", "timeit", "codecarbon", "pynvml", "logging", "tqdm", "repro"}
ADAPTERS = sorted([*MODELS.glob("*/adapter.py"), *EXAMPLES.glob("*/adapter.py")])

adapters = pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.parent.name)


def parse(path):
    return ast.parse(path.read_text(), feature_version=(3, 9))


def find_class(tree, name):
    (found,) = [node for node in tree.body if getattr(node, "name", None) == name]
    return found


def find_base(tree, cls):
    """Return the module and the class of this project that a class derives from, or None."""
    if not cls.bases:
        return None
    (base,) = [one.id for one in cls.bases]
    (home,) = [
        node.module
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and base in {alias.name for alias in node.names}
    ]
    if home == "abc":
        return None
    tree = parse(MODELS / f"{home.replace('.', '/')}.py")
    return tree, find_class(tree, base)


def read_classes(path):
    """Return the modules and the classes that an adapter consists of, its own first."""
    tree = parse(path)
    found = [(tree, find_class(tree, "Adapter"))]
    while base := find_base(*found[-1]):
        found.append(base)
    return found


def find_method(path, name):
    methods = [node for _, cls in read_classes(path) for node in cls.body]
    return next(node for node in methods if getattr(node, "name", None) == name)


def test_there_are_adapters_to_read():
    assert {path.parent.name for path in ADAPTERS} >= {"audioldm", "sine"}


@adapters
@pytest.mark.parametrize("method", CONTRACT)
def test_an_adapter_takes_what_the_worker_gives(path, method):
    found = find_method(path, method)
    assert [argument.arg for argument in found.args.args] == ["self"]
    assert {argument.arg for argument in found.args.kwonlyargs} == set(CONTRACT[method])
    assert not any(found.args.kw_defaults)


@adapters
def test_an_adapter_offers_a_denoiser(path):
    classes = [cls for _, cls in read_classes(path)]
    targets = [node for cls in classes for node in ast.walk(cls) if isinstance(node, ast.Attribute)]
    assert any(node.attr == "denoiser" and isinstance(node.ctx, ast.Store) for node in targets)


@adapters
def test_an_adapter_neither_measures_nor_prints(path):
    modules, calls = set(), set()
    for node in (one for tree, _ in read_classes(path) for one in ast.walk(tree)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            calls.add(node.func.id)
    assert not modules & FOREIGN
    assert "print" not in calls


def test_every_model_here_has_tests_that_derive_from_the_contract():
    named = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        classes = [node for node in parse(path).body if isinstance(node, ast.ClassDef)]
        for node in (node for one in classes if one.bases for node in one.body):
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "name":
                named.add(node.value.value)

    assert {path.parent.name for path in MODELS.glob("*/adapter.py")} == named
