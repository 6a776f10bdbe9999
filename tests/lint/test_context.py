"""Device, tier, version and seal decide what is a finding and how bad it is."""

import pytest
from linting import codes, lint

from samebits.lint.driver.selection import Settings
from samebits.sealed.errors import Refused

POOL = "import torch\npool = torch.nn.AvgPool3d(2)\n"
CUMSUM = "import torch\ny = torch.cumsum(torch.rand(3), 0)\n"


def severities(text, **settings):
    return [finding.severity for finding in lint(text, **settings)]


@pytest.mark.parametrize(
    ("device", "tier", "expected"),
    [
        ("cuda", "portable", ["error"]),
        ("cuda", "deterministic", ["error"]),
        ("cuda", "seeded", ["warning"]),
        ("cuda", "unseeded", ["note"]),
        ("cpu", "deterministic", []),
        (None, "deterministic", ["warning"]),
    ],
)
def test_an_operator_that_raises_on_cuda(device, tier, expected):
    assert severities(POOL, device=device, tier=tier) == expected


def test_an_operator_that_varies_everywhere_is_an_error_on_the_cpu_too():
    text = "import torch\npool = torch.nn.MaxUnpool2d(2)\n"
    assert severities(text, device="cpu") == severities(text, device="cuda") == ["error"]


def test_the_version_decides():
    assert codes(CUMSUM, device="cuda", framework_versions=("torch=2.13.0+cu126",)) == ["SB101"]
    assert codes(CUMSUM, device="cuda", framework_versions=("torch=2.14",)) == ["SB102"]
    # without a version, that of samebits' own environments is assumed
    assert codes(CUMSUM, device="cuda") == ["SB101"]


def test_a_recipe_needs_no_seed_and_no_switch():
    script = "import torch\nloss = torch.nn.Linear(2, 2).cuda()(x).sum()\nloss.backward()\n"
    assert codes(script, device="cuda") == ["SB201", "SB301"]
    assert codes(script, device="cuda", sealed=True) == []


def test_what_contradicts_the_seal_is_an_error_in_a_recipe():
    text = "import numpy, torch\ntorch.backends.cudnn.benchmark = True\nrng = numpy.random.default_rng()\n"
    assert severities(text, device="cuda") == ["warning", "warning"]
    assert severities(text, device="cuda", sealed=True) == ["error", "error"]


def test_wrong_settings_are_refused():
    for settings, words in (
        ({"device": "tpu"}, "the device 'tpu' is none of cpu, cuda"),
        ({"tier": "determinstic"}, "the tier 'determinstic' is none of"),
        ({"framework_versions": ("torch",)}, "write torch=2.13"),
    ):
        with pytest.raises(Refused, match=words):
            Settings(**settings).context()
    with pytest.raises(Refused, match=r"no rule begins with 'SB999'"):
        Settings(select=("SB999",)).codes()
