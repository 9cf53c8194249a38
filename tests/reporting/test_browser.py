"""The HTML report in a real browser, opened from disk as a reader would."""

from __future__ import annotations

import shutil

import pytest

from slim_cli import reporting
from slim_cli.evidence.names import safe_name
from tests.reporting import factory

pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

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


def test_nothing_is_fetched_and_nothing_complains(page):
    requests = [e["message"] for e in page.get_log("performance") if '"Network.requestWillBeSent"' in e["message"]]
    assert not [r for r in requests if '"url":"http' in r]
    assert page.get_log("browser") == []


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


def test_keys_lead_to_the_filter_and_from_exhibit_to_exhibit(page):
    body = page.find_element(By.TAG_NAME, "body")
    body.send_keys("j")
    first = page.execute_script("return document.querySelector('article').getBoundingClientRect().top")
    assert abs(first) < 20
    body.send_keys("/")
    assert page.switch_to.active_element.get_attribute("id") == "filter"


def test_five_thousand_rows_stay_usable(browser, tmp_path):
    results = [factory.unscored(f"folder/{i:05d}.txt", "no_audio", "not an audio file") for i in range(4990)]
    results += [factory.scored(f"calls/{i}.wav", i / 10, 0.3, 6.0) for i in range(10)]
    reporting.write(results, factory.run(results), factory.reference(), tmp_path, ["html"], limit="top:3")
    browser.get((tmp_path / "report.html").as_uri())
    seconds = browser.execute_script(
        """const begun = performance.now(); const box = document.getElementById('filter');
        box.value = 'calls'; box.dispatchEvent(new Event('input'));
        document.querySelector('#file-table th:nth-child(3) button').click();
        document.body.offsetHeight; return (performance.now() - begun) / 1000;"""
    )
    assert names(browser) == sorted(f"calls/{i}.wav" for i in range(10))
    assert seconds < 20  # generous for loaded machines: it catches work that grows with the square of the rows
