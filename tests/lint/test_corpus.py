"""On the labelled corpus the linter finds what is there, and nothing else."""

import pytest
import snippets

from samebits.lint import rules

CORPUS = snippets.load()


@pytest.mark.parametrize("snippet", CORPUS, ids=lambda snippet: snippet.name)
def test_a_snippet_gives_what_its_label_says(snippet):
    assert snippet.found() == snippet.expected


def test_the_corpus_is_large_and_every_rule_has_both_twins():
    assert len(CORPUS) >= 400
    bad = {code for snippet in CORPUS for code in snippet.expected}
    # SB0 speak of the linter itself and have tests of their own; the rest are off unless selected
    wanted = {code for code, rule in rules.load().items() if rule.default and not code.startswith("SB0")}
    assert wanted - bad == set()
    for file in {snippet.name.split(":")[0] for snippet in CORPUS}:
        good = [s for s in CORPUS if s.name.startswith(file) and not s.expected]
        assert len(good) >= 5


def test_the_score_counts_what_is_wrong():
    """The twin: a corpus with wrong labels scores less."""
    mislabelled = [*snippets.cut("twin", "# --- good: listdir\nimport os\nx = os.listdir('.')\n")]
    mislabelled += snippets.cut("twin", "# --- bad: SB101 nothing\nx = 1\n")
    right, wrong, missed, notes = snippets.score(mislabelled)
    assert (right, wrong, missed) == (0, 1, 1)
    assert len(notes) == 2
