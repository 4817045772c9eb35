"""The report in a real browser: it loads from a file, asks nothing of a network, and fits a narrow window."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess

import polars as pl
import pytest

from milkqc.messages import title
from milkqc.report import render

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
PROBE = '<img src="http://probe.invalid/x.png"><script>fetch("https://second.invalid/")</script>'
# sizes of the loaded page, left in the DOM for --dump-dom; details are opened, for they may overflow too
MEASURE = """<script>{
document.querySelectorAll("details").forEach(each => { each.open = true; });
const seen = [...document.querySelectorAll("h1,h2,h3,h4")].filter(each => each.getClientRects().length);
const first = document.querySelector(".verdict .word");
const box = first.getBoundingClientRect();
const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
parent.document.body.setAttribute("data-measured", JSON.stringify({
  inside: document.documentElement.clientWidth,
  page: document.documentElement.scrollWidth,
  wide: [...document.querySelectorAll("main *, header *, nav *")]
    .filter(each => !each.closest(".scroll, .hidden, svg"))
    .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(each => each.tagName + "." + each.getAttribute("class")),
  headings: seen.map(each => each.tagName[1] + " " + each.innerText.replace(/\\s+/g, " ").trim()),
  verdict: first.innerText.trim(),
  verdictOnTop: first.contains(top),
  verdictBottom: box.bottom,
}));
}</script>"""


def without_policy(page):
    """The page with its content security policy taken out, so that a test may measure or probe."""
    free, times = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert times == 1
    return free


def load(folder, page):
    """The DOM after loading, and the URLs that the page itself asked for (not the browser's own errands)."""
    folder.mkdir()
    (folder / "report.html").write_text(page, encoding="utf-8")
    log = folder / "net.json"
    ran = subprocess.run(
        [
            CHROMIUM,
            *QUIET,
            "--window-size=1300,1000",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            "--dump-dom",
            (folder / "report.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    events = json.loads(log.read_text(encoding="utf-8"))["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    return ran.stdout, sorted(each["url"] for each in asked if each["initiator"] != "not an origin")


def measured(folder, page, *, width):
    """Sizes and words of the page at a width, in a frame: a headless window is never narrower than 500."""
    inner = html.escape(without_policy(page).replace("</body>", f"{MEASURE}</body>"))
    frame = f'<iframe style="width: {width}px; height: 900px; border: 0" srcdoc="{inner}"></iframe>'
    dom, _ = load(folder, f"<!doctype html><meta charset='utf-8'><body>{frame}</body>")
    told = re.search(r'data-measured="([^"]*)"', dom).group(1)
    return json.loads(html.unescape(told))


@pytest.fixture(scope="module")
def page(study):
    return render(study)["report.html"].decode()


def test_the_page_loads_from_a_file_and_asks_for_nothing(tmp_path, page):
    dom, asked = load(tmp_path / "plain", page)
    assert asked == []
    assert "6 open critical findings; the first rule is growth.visit.before_birth." in dom
    assert "report.json</code>" in dom  # down to the last line


def test_the_policy_stops_even_what_somebody_slips_into_the_page(tmp_path, page):
    probed = page.replace('<main id="main">', f'<main id="main">{PROBE}')
    assert load(tmp_path / "free", without_policy(probed))[1] == [
        "http://probe.invalid/x.png",
        "https://second.invalid/",
    ]
    assert load(tmp_path / "held", probed)[1] == []


@pytest.mark.parametrize("width", [400, 1200])
def test_cards_and_their_pictures_do_not_run_off_the_side(tmp_path, rich, width):
    seen = measured(tmp_path / "cards", render(rich)["report.html"].decode(), width=width)
    assert (seen["inside"], seen["wide"], seen["page"]) == (width, [], width)


@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_runs_off_the_side_and_the_verdict_is_in_sight(tmp_path, page, width):
    seen = measured(tmp_path / "measured", page, width=width)
    assert seen["inside"] == width
    assert seen["wide"] == []
    assert seen["page"] == width
    assert (seen["verdict"], seen["verdictOnTop"]) == ("RETURN", True)
    assert seen["verdictBottom"] < 900


def test_long_names_do_not_push_the_page_wide(tmp_path, study, changed):
    long = "W" * 200
    result = changed(
        title=long,
        findings=study.findings.with_columns(
            pl.lit(long).alias(name)
            for name in ("rule_id", "participant_id", "value", "message", "source_file")
        ),
        settings={"verdict_reason": long, "not_collected": {long: long}},
    )
    assert measured(tmp_path / "long", render(result)["report.html"].decode(), width=400)["page"] == 400


def test_the_outline_reads_as_a_table_of_contents(tmp_path, page):
    headings = measured(tmp_path / "outline", page, width=1200)["headings"]
    assert [each for each in headings if each[0] in "12"] == [
        "1 Milk micronutrients and growth at three months",
        "2 Verdict",
        "2 What to do",
        "2 Status by dimension and table",
        "2 Variables and checks",
        "2 Variable by variable",
        "2 Milk against the MAE",
        "2 Beyond the assay",
        "2 Growth: z-scores",
        "2 Completeness against the schedule",
        "2 Missing values",
        "2 Blind spots",
        "2 Units declared",
        "2 Harmonisation",
        "2 Decisions",
        "2 Rows accounted for",
        "2 Files read",
        "2 The rules of this run",
        "2 Every check",
        "2 Settings and versions",
    ]
    assert "3 Site: 1 blocker, 1 query and 1 note" in headings
    assert f"4 Blocker {title('growth.visit.before_birth')}" in headings


def test_it_prints_on_paper(tmp_path, page):
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    subprocess.run(
        [
            CHROMIUM,
            *QUIET,
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--print-to-pdf={tmp_path / 'report.pdf'}",
            (tmp_path / "report.html").as_uri(),
        ],
        capture_output=True,
        timeout=60,
        check=True,
    )
    pdf = (tmp_path / "report.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    sizes = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)}
    assert {(round(box[2]), round(box[3])) for box in sizes} <= {(595, 842), (594, 841), (596, 842)}
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 20
