"""The HTML report in a real browser, opened from disk as a reader would."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from slim_cli import reporting
from slim_cli.evidence.names import safe_name
from slim_cli.reporting.selection import Style
from tests.reporting import factory

pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,1400",
)
AXE = Path(__file__).parents[2] / ".venv/axe-core@4.14.1/node_modules/axe-core/axe.min.js"
TIMED = """const done = arguments[arguments.length - 1], begun = performance.now(); %s
requestAnimationFrame(() => setTimeout(() => done((performance.now() - begun) / 1000)));"""


@pytest.fixture(scope="module")
def browser(chromium, tmp_path_factory):
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("ChromeDriver is not installed: apt-get install chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in (*ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    session.command_executor.client_config.timeout = 600
    yield session
    session.quit()


@pytest.fixture
def page(browser, written):
    browser.get((written.folder / "report.html").as_uri())
    return browser


def names(page):
    rows = page.find_elements(By.CSS_SELECTOR, "#file-table tbody tr:not([hidden])")
    return [row.find_element(By.CSS_SELECTOR, ".name").text for row in rows]


def press(page, *keys):
    ActionChains(page).send_keys(*keys).perform()


def player(page):
    """The first exhibit's audio and picture; it is the only one with a listening proxy."""
    return page.find_element(By.TAG_NAME, "audio"), page.find_element(By.CSS_SELECTOR, ".stage.live svg")


def playhead_s(page):
    """Where the cursor stands on the time axis, seconds; None before it is drawn."""
    return page.execute_script(
        """const svg = document.querySelector(".stage.live svg"), { left, right, duration } = svg.dataset;
        const cursor = svg.querySelector(".cursor");
        return cursor && (cursor.getAttribute("x1") - left) / (right - left) * duration;"""
    )


def audio_s(page):
    return page.execute_script("return document.querySelector('audio').currentTime")


def test_nothing_is_fetched_and_nothing_complains(page):
    press(page, "j", "p")
    WebDriverWait(page, 30).until(lambda p: audio_s(p) > 0.2)
    requests = [e["message"] for e in page.get_log("performance") if '"Network.requestWillBeSent"' in e["message"]]
    assert not [r for r in requests if '"url":"http' in r]
    assert page.get_log("browser") == []


def test_a_stretch_to_hear_first_is_played_from_its_start(page):
    button = page.find_element(By.CSS_SELECTOR, ".passages button:not([hidden])")
    start = float(button.get_attribute("data-from"))
    page.execute_script("arguments[0].scrollIntoView({ block: 'center' })", button)
    button.click()
    WebDriverWait(page, 30).until(lambda p: audio_s(p) > start)
    assert audio_s(page) < float(button.get_attribute("data-to")) + 1
    assert not page.execute_script("return document.querySelector('audio').paused")


def test_no_name_becomes_markup_or_script(page):
    shown = page.execute_script("return [...document.querySelectorAll('#file-table .name')].map(e => e.textContent)")
    assert {safe_name(name) for name in factory.HOSTILE_NAMES.values()} <= set(shown)
    assert page.execute_script("return document.scripts.length") == 1
    assert page.execute_script("return document.querySelectorAll('[onmouseover]').length") == 0
    assert page.find_element(By.TAG_NAME, "h1").is_displayed()


def test_filtering_by_name_and_result(page):
    page.find_element(By.ID, "filter").send_keys("CALLS/")
    assert names(page)
    assert all("calls/" in name for name in names(page))
    Select(page.find_element(By.ID, "filter-state")).select_by_value("decode_failed")
    assert names(page) == ["calls/empty.wav"]
    assert page.find_element(By.ID, "shown").text.startswith("1 of ")


def test_sorting_by_keyboard_keeps_files_without_score_last(page):
    button = page.find_element(By.CSS_SELECTOR, "#file-table th:nth-child(5) button")
    button.send_keys(Keys.ENTER)
    heading = page.find_element(By.CSS_SELECTOR, "#file-table th:nth-child(5)")
    assert heading.get_attribute("aria-sort") == "ascending"
    script = "return [...document.querySelectorAll('#file-table tbody tr')].map(r => r.cells[4].dataset.value)"
    values = page.execute_script(script)
    numbers = [float(v) for v in values if v]
    assert numbers == sorted(numbers)
    assert values[len(numbers) :] == [""] * (len(values) - len(numbers))


def top_of(page, number):
    script = "return document.querySelectorAll('article.exhibit')[arguments[0]].getBoundingClientRect().top"
    return page.execute_script(script, number)


def test_keys_lead_from_exhibit_to_exhibit_and_to_the_filter(page):
    for key, shown in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        press(page, key)
        assert abs(top_of(page, shown)) < 20
    assert page.switch_to.active_element.tag_name == "h3"
    press(page, "/")
    assert page.switch_to.active_element.get_attribute("id") == "filter"
    press(page, "jg")
    assert page.find_element(By.ID, "filter").get_attribute("value") == "jg"


def test_links_lead_from_exhibit_to_exhibit(page):
    for link, shown in (("next", 1), ("next", 2), ("prev", 1)):
        article = page.find_elements(By.CSS_SELECTOR, "article.exhibit")[{"next": shown - 1, "prev": shown + 1}[link]]
        page.execute_script("arguments[0].click()", article.find_element(By.CSS_SELECTOR, f"[rel={link}]"))
        assert abs(top_of(page, shown)) < 20


def test_the_gallery_shows_every_section_and_leads_there(page):
    press(page, "g")
    pictures = page.find_elements(By.CSS_SELECTOR, ".gallery li")
    anchors = [a.get_attribute("id") for a in page.find_elements(By.CSS_SELECTOR, "article.exhibit")]
    links = [p.find_element(By.TAG_NAME, "a").get_attribute("href").rpartition("#")[2] for p in pictures]
    assert links == anchors
    assert sum(len(p.find_elements(By.TAG_NAME, "img")) for p in pictures) == 2


def test_the_list_of_keys_opens_closes_and_can_switch_them_off(page):
    help_ = page.find_element(By.ID, "help")
    press(page, "?")
    assert help_.is_displayed()
    page.find_element(By.ID, "single").click()
    press(page, Keys.ESCAPE)
    assert not help_.is_displayed()
    before = page.execute_script("return scrollY")
    press(page, "j")
    assert page.execute_script("return scrollY") == before
    page.find_element(By.ID, "keys").click()
    help_.find_element(By.CSS_SELECTOR, "button").click()
    assert not help_.is_displayed()


def test_playing_moves_the_cursor_over_the_picture(page):
    press(page, "j", "p")
    WebDriverWait(page, 30).until(lambda p: (playhead_s(p) or 0) > 0.5)
    press(page, "p")
    assert page.execute_script("return document.querySelector('audio').paused")
    assert playhead_s(page) == pytest.approx(audio_s(page), abs=0.05)
    assert page.find_element(By.CSS_SELECTOR, ".position").text == f"{audio_s(page):.1f} s"


def test_a_click_into_the_picture_and_the_arrow_keys_seek(page):
    audio, picture = player(page)
    press(page, "j")
    duration = float(picture.get_attribute("data-duration"))
    left, right = (float(picture.get_attribute(f"data-{side}")) for side in ("left", "right"))
    box = page.execute_script("const b = arguments[0].getBoundingClientRect(); return [b.width, b.height]", picture)
    share = (left + 0.5 * (right - left)) / 700 - 0.5
    ActionChains(page).move_to_element_with_offset(
        picture, round(share * box[0]), round(-0.3 * box[1])
    ).click().perform()
    WebDriverWait(page, 30).until(lambda p: audio_s(p) == pytest.approx(duration / 2, abs=0.05))
    for key, expected in ((Keys.ARROW_RIGHT, duration / 2 + 2), (Keys.ARROW_LEFT, duration / 2)):
        press(page, key)
        WebDriverWait(page, 30).until(lambda p, e=expected: audio_s(p) == pytest.approx(e, abs=0.05))
        WebDriverWait(page, 30).until(lambda p, e=expected: playhead_s(p) == pytest.approx(e, abs=0.05))
    assert audio.get_attribute("src").startswith("data:audio/webm")


def test_an_embedded_copy_is_called_no_evidence(page):
    notes = page.find_elements(By.CSS_SELECTOR, ".proxy")
    assert [note.text.startswith("Listening proxy, not evidence.") for note in notes] == [True]


def test_zooming_stretches_time_and_nothing_else(page):
    press(page, "j")
    stage = page.find_element(By.CSS_SELECTOR, "article.exhibit .stage")
    size = "const b = arguments[0].firstElementChild.getBoundingClientRect(); return [b.width, b.height]"
    width, height = page.execute_script(size, stage)
    for key, scale in (("+", 2), ("+", 4), ("-", 2), ("-", 1), ("-", 1)):
        press(page, key)
        assert page.execute_script(size, stage) == pytest.approx([scale * width, height], abs=1)


def test_a_narrow_screen_needs_no_sideways_scrolling(page):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        page.refresh()
        assert page.execute_script("return document.documentElement.scrollWidth") <= 400
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_nothing_serious(page, scheme, rules):
    if not AXE.is_file():
        missing = f"{AXE.name} is not installed; make setup installs it where npm is"
        pytest.fail(missing) if os.environ.get("SLIM_CI") else pytest.skip(missing)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    page.execute_script(AXE.read_text(encoding="utf-8"))
    found = page.execute_async_script(
        "const [rules, done] = arguments; axe.run(rules).then((r) => done(r.violations), (e) => done([{ id: e }]))",
        rules,
    )
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    serious = [v for v in found if v.get("impact") not in ("minor", "moderate")]
    assert [(v["id"], [n["target"] for n in v.get("nodes", [])[:3]]) for v in serious] == []


def test_five_thousand_rows_stay_usable(browser, tmp_path):
    results = [factory.unscored(f"folder/{i:05d}.txt", "no_audio", "not an audio file") for i in range(4990)]
    results += [factory.scored(f"calls/{i}.wav", i / 10, 0.3, 6.0) for i in range(10)]
    reporting.write(results, factory.run(results), factory.reference(), tmp_path, ["html"], Style("top:3"))
    browser.get((tmp_path / "report.html").as_uri())
    type_ = "const box = document.getElementById('filter'); box.value = 'calls'; box.dispatchEvent(new Event('input'));"
    click = "document.querySelector('#file-table th:nth-child(3) button').click();"
    clear = type_.replace("'calls'", "''")
    waits = {name: browser.execute_async_script(TIMED % act) for name, act in (("filter", type_), ("sort", click))}
    assert names(browser) == sorted(f"calls/{i}.wav" for i in range(10))
    waits["show all"] = browser.execute_async_script(TIMED % clear)
    waits["sort all"] = browser.execute_async_script(TIMED % click)
    print("from input to repaint, seconds:", waits)
    assert max(waits.values()) < 10  # generous for loaded machines: it catches work that grows with the square of rows
