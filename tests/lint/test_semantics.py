"""Names are followed to what they mean: through imports, aliases, self, dicts, partials and other modules."""

import pytest
from linting import Command, codes


@pytest.fixture
def command(tmp_path):
    return Command(tmp_path)


HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"


@pytest.mark.parametrize(
    "text",
    [
        "import torch as t\nt.histc(x)",
        "from torch import histc\nhistc(x)",
        "from torch import histc as h\nh(x)",
        "import torch\nh = torch.histc\nh(x)",
        "import torch\ngetattr(torch, 'his' 'tc')(x)",
        "import torch\nname = 'histc'\ngetattr(torch, name)(x)",
        "import importlib\nt = importlib.import_module('torch')\nt.histc(x)",
        "__import__('torch').histc(x)",
        "import torch\nfrom functools import partial\nh = partial(torch.histc, bins=3)\nh(x)",
        "import torch\nOPS = {'h': torch.histc}\nOPS['h'](x)",
        "import torch\nclass A:\n    def __init__(self):\n        self.h = torch.histc\n    def f(self, x):\n        return self.h(x)",
        "import torch\nclass A:\n    h = torch.histc\n    def f(self, x):\n        return self.h(x)",
        "import torch\nh = torch.histc if fast else torch.histc\nh(x)",
        "from torch import *\nhistc(x)",
        "try:\n    import torch\nexcept ImportError:\n    torch = None\ntorch.histc(x)",
        "import torch\ndef f():\n    def g():\n        return torch.histc(x)\n    return g",
        "import torch\nwith open('a') as f:\n    y = [torch.histc(z) for z in f]",
        "import torch\nmatch x:\n    case 1 | None:\n        torch.histc(x)",
        "import torch\nif (h := torch.histc) is not None:\n    h(x)",
    ],
)
def test_it_is_found_however_it_is_called(text):
    assert "SB101" in codes(text, device="cuda")


@pytest.mark.parametrize(
    "text",
    [
        "def histc(x):\n    return x\nhistc(3)",
        "class torch:\n    histc = print\ntorch.histc(3)",
        "import numpy as torch\ntorch.histc(3)",
        "from mine import histc\nhistc(3)",
        "'torch.histc(x)'",
        "# torch.histc(x)",
        "import torch\nprint('torch.histc(x)')",
        "import torch\nhasattr(torch, 'histc')",
        "import numpy as np\nnp.bincount(a, weights=b)",
        "import pandas as pd\npd.DataFrame().interpolate(mode='linear')",
    ],
)
def test_what_only_looks_like_it_is_not(text):
    assert codes(text, device="cuda") == []


def test_functions_and_aliases_of_the_same_project_are_followed(command):
    command.write("ops.py", "from torch import histc as histogram\nimport torch.nn as layers\n")
    command.write("seeding.py", "import torch\ndef everything(seed):\n    torch.manual_seed(seed)\n")
    command.write("data.py", "from torch.utils.data import DataLoader as Loader\n")
    train = """
import torch
from ops import histogram, layers
from seeding import everything
from data import Loader
everything(3)
pool = layers.AvgPool3d(2)
h = histogram(pool(x), 10)
loader = Loader(d, num_workers=2, in_order=False)
loss.backward()
"""
    command.write("train.py", train)
    found = command.json("train.py", "--device", "cpu")
    assert [f["code"] for f in found] == ["SB404"]
    found = command.json("train.py", "--device", "cuda")
    assert [f["code"] for f in found] == ["SB101", "SB101", "SB404", "SB301"]

    command.write("seeding.py", "def everything(seed):\n    pass\n")  # the twin: nothing seeds any more
    assert "SB201" in [f["code"] for f in command.json("train.py", "--device", "cpu")]


def test_relative_imports_are_followed(command):
    command.write("pkg/__init__.py", "")
    command.write("pkg/ops.py", "from torch import histc\n")
    command.write("pkg/sub/__init__.py", "")
    command.write("pkg/sub/use.py", "from ..ops import histc as h\nh(3)\n")
    (finding,) = command.json("pkg", "--device", "cuda")
    assert (finding["path"], finding["line"], finding["code"]) == ("pkg/sub/use.py", 2, "SB101")


def test_nothing_is_imported_or_run(command):
    command.write("bad.py", "import os\nopen('ran', 'w').close()\nx = os.listdir('.')\n")
    command.write("use.py", "from bad import x\nprint(x)\n")
    assert [f["code"] for f in command.json("bad.py", "use.py")] == ["SB401"]
    assert not (command.folder / "ran").exists()


def test_the_value_of_an_argument_is_followed():
    for mode, expected in (("bilinear", ["SB101"]), ("nearest", [])):
        for text in (
            f"F.interpolate(x, mode='{mode}')",
            f"MODE = '{mode}'\nF.interpolate(x, mode=MODE)",
            f"def up(x, mode='{mode}'):\n    return F.interpolate(x, mode=mode)",
            f"def up(x, mode):\n    return F.interpolate(x, mode=mode)\nup(x, '{mode}')",
            f"c = {{'mode': '{mode}'}}\nF.interpolate(x, **c)",
            f"c = dict(mode='{mode}')\nF.interpolate(x, **c)",
            f"class A(nn.Module):\n    def __init__(self, mode='{mode}'):\n        self.mode = mode\n"
            "    def forward(self, x):\n        return F.interpolate(x, mode=self.mode)",
        ):
            assert codes(HEAD + text, device="cuda") == expected, text
