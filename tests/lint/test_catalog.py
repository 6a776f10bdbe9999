"""The catalogs are well formed, complete for what the frameworks document, and name their sources."""

import ast
import re

import pytest

import training
from samebits.lint import catalog
from samebits.lint.catalog import is_named, loading

CATALOG = catalog.load()
NAMES = {name for entry in CATALOG.entries for name in entry.names}
METHODS = {method for entry in CATALOG.entries for method in entry.methods}


@pytest.fixture(scope="module")
def torch_docstring():
    """The docstring of torch.use_deterministic_algorithms as installed, read and not run."""
    (file,) = training.environment(training.CACHE).glob("lib/python3.*/site-packages/torch/__init__.py")
    tree = ast.parse(file.read_text())
    (function,) = (
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "use_deterministic_algorithms"
    )
    return ast.get_docstring(function)


def named_operators(docstring):
    """Return the operators that a docstring lists."""
    return re.findall(r"^ *\* :(?:class|func|meth):`~?(torch\.[\w.]+)`", docstring, re.MULTILINE)


def missing(operators, names=NAMES, methods=METHODS):
    return [
        operator
        for operator in operators
        if operator not in names
        and not (operator.startswith("torch.Tensor.") and operator.rpartition(".")[2] in methods)
    ]


def test_every_operator_that_the_installed_torch_names_is_in_the_catalog(torch_docstring):
    operators = named_operators(torch_docstring)
    assert len(operators) > 40
    assert missing(operators) == []


def test_an_operator_that_the_catalog_lacks_would_be_noticed(torch_docstring):
    """The twin: a docstring of a later version."""
    docstring = (
        torch_docstring + "\n    * :func:`torch.nn.functional.new_pool` when called on a CUDA tensor\n"
    )
    assert missing(named_operators(docstring)) == ["torch.nn.functional.new_pool"]


def known(name):
    """Tell whether the catalog has a name, as a path or as a method."""
    leaf = name.rpartition(".")[2]
    return any(is_named(name, each) for each in NAMES) or leaf in METHODS | {
        n.rpartition(".")[2] for n in NAMES
    }


@pytest.mark.parametrize(
    "name",
    [
        # mlf-core's list, its six dead patterns included
        *("index_add", "index_select", "scatter_add", "bincount", "embedding_bag", "interpolate"),
        *("repeat_interleave", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "MaxPool3d", "AdaptiveMaxPool2d"),
        *("FractionalMaxPool2d", "FractionalMaxPool3d", "ReflectionPad1d", "ReflectionPad2d"),
        *("ReplicationPad1d", "NLLLoss", "CTCLoss", "histc", "AvgPool3d", "ReplicationPad2d"),
        *("ReplicationPad3d", "EmbeddingBag", "softmax_cross_entropy_with_logits"),
        *("sparse_softmax_cross_entropy_with_logits", "allreduce"),
        # raised at run time and not documented
        *("index_reduce", "roi_align"),
        # TensorFlow 2.21
        *("adjust_contrast", "resize_nearest_neighbor", "sparse_dense_matmul", "fused_batch_norm"),
        *("crop_and_resize", "fake_quant_with_min_max_vars", "fake_quant_with_min_max_vars_per_channel"),
        *("scatter_update", "dilation2d", "max_pool_with_argmax", "svd", "segment_sum"),
        *("unsorted_segment_sum", "enable_dump_debug_info", "timestamp"),
        # JAX
        *("select_and_scatter_add", "histogram", "add"),
        # racy on the CPU
        *("take", "put_", "index_copy_", "lstsq", "index_put_"),
    ],
)
def test_what_is_known_to_vary_is_in_the_catalog(name):
    assert known(name)


def test_every_entry_says_what_happens_what_to_do_and_where_it_is_known_from():
    for entry in CATALOG.entries:
        assert entry.what and entry.source, entry
        assert entry.use, entry.names or entry.methods
        assert entry.names or entry.methods
        for condition in entry.when:
            kinds = [condition.equals, condition.differs, condition.given, condition.path or None]
            assert sum(kind is not None for kind in kinds) == 1, (entry.names, condition)


def test_methods_say_whose_they_are():
    for entry in CATALOG.entries:
        assert not entry.methods or entry.on, entry.methods


def test_a_misspelt_key_is_refused(monkeypatch):
    monkeypatch.setattr(
        loading, "texts", lambda: [("x.toml", '[[operator]]\ncode = "SB101"\nnaems = ["a"]\n')]
    )
    with pytest.raises(ValueError, match=r"catalog/x\.toml: Entry has no 'naems'"):
        loading.load.__wrapped__()
