"""One self-contained page for a browser; it asks nothing of the network."""

from typing import Final

import jinja2

from samebits.lint import rules
from samebits.lint.driver.linter import Result
from samebits.lint.output.text import summary

_PAGE: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>samebits lint</title>
<meta name="viewport" content="width=device-width"><style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c1c1c; background: #fff }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
pre { background: #f4f4f2; padding: .4rem .7rem; overflow-x: auto }
article { border-left: 4px solid #999; padding: 0 0 0 .9rem; margin: 1rem 0 }
.error { border-color: #b3261e } .warning { border-color: #b26a00 } .note { border-color: #4a6fa5 }
b { font-weight: 600 } small { color: #555 }
@media (prefers-color-scheme: dark) {
  body { color: #e6e6e6; background: #161616 } pre { background: #242424 } small { color: #aaa } }
</style>
<h1>samebits lint</h1><p>{{ summary }}</p>
{% for path, findings in files %}<section><h2>{{ path }}</h2>
{% for f in findings %}<article class="{{ f.severity }}">
<b>{{ f.code }}</b> {{ f.severity }}, {% if f.cell %}cell {{ f.cell }}, {% endif %}line {{ f.line }}:
{{ f.message }}
<pre>{{ f.excerpt.strip() }}</pre><small>{{ rules[f.code].why }}
{% if f.fix %}<br>--fix: {{ f.fix.description }}{% endif %}</small></article>
{% endfor %}</section>{% endfor %}
</html>"""


def render(result: Result) -> str:
    """Return the page."""
    files: dict[str, list[object]] = {}
    for finding in result.findings:
        files.setdefault(finding.path, []).append(finding)
    template = jinja2.Environment(autoescape=True).from_string(_PAGE)
    return template.render(summary=summary(result), files=sorted(files.items()), rules=rules.load())
