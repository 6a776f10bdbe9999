"""The report, opened in a real browser: it draws, says the verdicts, and asks nothing of the network."""

import shutil
import struct
import zlib

import pytest
from playwright.sync_api import sync_playwright

import programs
from made import finish, train
from samebits import report
from samebits.sealed.errors import Refused

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    path = programs.need_browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()


def open_page(browser, path, width=1280, dark=False):
    """Open a page and return it with everything that it complained of or asked for."""
    page = browser.new_page(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
    trouble = []
    page.on("console", lambda message: trouble.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
    page.on("request", lambda request: trouble.append(request.url) if request.url != path.as_uri() else None)
    page.goto(path.as_uri())
    page.locator(".js-plotly-plot .xtick").first.wait_for(state="attached")
    return page, trouble


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three models: one identical, one that differs from step 30 on, and a long one with a loss of NaN."""
    results = tmp_path_factory.mktemp("report") / "results"
    losses = [2.3 * 0.97**step for step in range(60)]
    for model, fault in (("same", None), ("other", 30)):
        for run in (1, 2):
            train(results / model, losses, f"run-{run}", fault if run == 2 else None)
        finish(results / model)
    for run in (1, 2, 3):
        train(results / "long", [float("nan"), *(1 / step for step in range(1, 5000))], f"run-{run}")
    finish(results / "long")
    report.write(results, ["same", "other", "long"], results / "report.html")
    return results


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (400, False)])
def test_the_page_renders(browser, results, tmp_path, width, dark):
    page, trouble = open_page(browser, results / "report.html", width, dark)
    assert trouble == []
    assert "1 of 3 models differs between runs" in " ".join(page.inner_text("h1").split())
    assert page.locator("h2").all_inner_texts() == ["other different", "same identical", "long identical"]
    curves = page.locator(".js-plotly-plot .scatterlayer .trace path.js-line")
    assert curves.count() == 2 + 1 + 2 + 3  # both panels of the one that differs
    for curve in curves.all():
        assert len(curve.get_attribute("d")) > 30
    # the page itself never scrolls sideways; wide tables do so in their own frame
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    shot = tmp_path / "page.png"
    page.screenshot(path=shot, full_page=True)
    assert len(colours(shot)) > 50


def colours(png):
    """Return the distinct colours of a PNG of 8 bits a channel, as Chromium writes it."""
    data, place, pixels = png.read_bytes(), 8, b""
    while place < len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        body = data[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, _, _, kind_of_colour = struct.unpack(">IIBB", body[:10])
        if kind == b"IDAT":
            pixels += body
        place += 12 + length
    raw, size = zlib.decompress(pixels), {2: 3, 6: 4}[kind_of_colour]
    return {raw[i : i + size] for i in range(1, len(raw) - size, size * 7)} if width else set()


def test_the_difference_is_told(browser, results):
    page, _ = open_page(browser, results / "report.html")
    told = page.locator("header .told").inner_text()
    assert "other: different: run-1 and run-2 part at step 30: its loss: 0x" in told
    assert "weight[0] is 0x1.e000000000000p+4 and 0x1.f000000000000p+4" in told
    assert "The red line is step 30" in " ".join(page.inner_text("main").split())


def test_the_checker_sees_a_request_and_an_error(browser, results, tmp_path):
    """The twin: pages that do ask for something, or fail, do not pass."""
    text = (results / "report.html").read_text()
    loose = text.replace("default-src 'none'; script-src 'unsafe-inline'", "script-src * 'unsafe-inline'")
    for injected in (
        "<script src='http://127.0.0.1:9/x.js'></script>",
        "<script>undefined_function()</script>",
    ):
        broken = tmp_path / "broken.html"
        broken.write_text(loose.replace("</body>", injected + "</body>"))
        assert open_page(browser, broken)[1] != []


def test_the_policy_stops_what_slips_in(browser, results, tmp_path):
    broken = tmp_path / "broken.html"
    injected = "<img src='http://127.0.0.1:9/x.png'></body>"
    broken.write_text((results / "report.html").read_text().replace("</body>", injected))
    assert any("Content Security Policy" in line for line in open_page(browser, broken)[1])


def test_the_demos_report_renders(browser, demo):
    page, trouble = open_page(browser, demo.folder / "results" / "report.html")
    assert trouble == []
    assert "All 7 models are bit-identical in every run" in " ".join(page.inner_text("h1").split())
    assert page.locator(".js-plotly-plot .scatterlayer .trace path.js-line").count() == 10


def test_the_same_results_give_the_same_bytes(results, tmp_path):
    report.write(results, ["same", "other", "long"], tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == (results / "report.html").read_bytes()


def test_it_names_no_place_and_escapes_what_users_wrote(results):
    text = (results / "report.html").read_text()
    assert str(results.parent) not in text
    assert "<b>bold</b>" not in text
    assert "&lt;b&gt;bold&lt;/b&gt;" in text


def test_a_broken_file_is_refused_by_name(results, tmp_path):
    copy = tmp_path / "results"
    shutil.copytree(results, copy)
    (copy / "same" / "run-2" / "timing.jsonl").unlink()  # optional
    report.write(copy, ["same"], copy / "report.html")
    (copy / "same" / "run-2" / "fingerprint.json").unlink()
    with pytest.raises(Refused, match=r"fingerprint\.json is missing or broken"):
        report.write(copy, ["same"], copy / "report.html")
    (copy / "same" / "verdict.json").write_text("{")
    with pytest.raises(Refused, match=r"verdict\.json is missing or broken"):
        report.write(copy, ["same"], copy / "report.html")
