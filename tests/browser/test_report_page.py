"""The report in a real browser: nothing leaves the page, everything shows, tables answer."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

import synthetic_study
from complexity_atlas.figures import style
from complexity_atlas.report import write_report

pytestmark = pytest.mark.browser

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="needs selenium: pip install -r envs/lock.txt"
)
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    style.save(style.message("a figure"), folder / "figure.png")
    write_report(synthetic_study.report_inputs(folder / "figure.png"), folder / "report.html")
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    started = webdriver.Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


@pytest.fixture
def page(browser, report):
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(report.as_uri())
    WebDriverWait(browser, 20).until(
        lambda b: b.execute_script("return document.readyState") == "complete"
    )
    return browser


def requests(browser) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


def column(table, number: int) -> list[str]:
    cells = table.find_elements(By.CSS_SELECTOR, f"tbody td:nth-child({number})")
    return [cell.text for cell in cells]


def header(table, label: str):
    for number, cell in enumerate(table.find_elements(By.TAG_NAME, "th"), start=1):
        if cell.text.startswith(label):
            return number, cell, cell.find_element(By.TAG_NAME, "button")
    raise AssertionError(f"no column {label!r}")


def test_no_request_leaves_the_page_and_nothing_goes_wrong(page, report):
    page.execute_script("window.scrollTo(0, document.body.scrollHeight)")
    leaving = [url for url in requests(page) if urlsplit(url).scheme != "data"]
    assert leaving == [report.as_uri()]
    assert page.get_log("browser") == []


def test_the_policy_stops_a_request_that_a_script_would_make(page):
    blocked = page.execute_async_script(
        "const done = arguments[0];"
        "document.addEventListener('securitypolicyviolation', e => done(e.violatedDirective));"
        "fetch('http://127.0.0.1:9/').catch(() => {});"
        "setTimeout(() => done('allowed'), 5000);"
    )
    assert blocked == "connect-src"


def test_every_figure_is_visible(page):
    images = page.find_elements(By.TAG_NAME, "img")
    assert len(images) == 6
    for image in images:
        page.execute_script("arguments[0].scrollIntoView()", image)
        assert image.is_displayed()
        assert image.size["width"] > 200
        assert page.execute_script("return arguments[0].naturalWidth", image) > 0


def test_numbers_sort_as_numbers_and_say_so(page):
    table = page.find_element(By.ID, "table-complexity")
    number, cell, button = header(table, "Excess")
    assert cell.get_attribute("aria-sort") == "none"
    button.click()
    assert cell.get_attribute("aria-sort") == "ascending"
    values = [float(text.replace("−", "-")) for text in column(table, number)]
    assert values == sorted(values)
    assert min(values) < 0 < max(values)
    button.click()
    assert cell.get_attribute("aria-sort") == "descending"
    assert column(table, number) == [f"{v:.5f}".replace("-", "−") for v in sorted(values)[::-1]]


def test_only_one_column_is_sorted_at_a_time_and_the_keyboard_works(page):
    table = page.find_element(By.ID, "table-scores")
    _, score, button = header(table, "Score")
    button.send_keys(Keys.ENTER)
    assert score.get_attribute("aria-sort") == "ascending"
    number, network, button = header(table, "Network")
    button.send_keys(Keys.SPACE)
    assert network.get_attribute("aria-sort") == "ascending"
    assert score.get_attribute("aria-sort") == "none"
    assert column(table, number) == sorted(column(table, number))


def test_what_is_unknown_sorts_last_both_ways(page):
    table = page.find_element(By.ID, "table-scores")
    number, _, button = header(table, "95")
    for _ in range(2):
        button.click()
        unknown = [text == "—" for text in column(table, number)]
        assert any(unknown)
        assert unknown == sorted(unknown)


def test_filtering_hides_rows_and_counts_them(page):
    block = page.find_element(By.XPATH, "//*[@data-table][.//table[@id='table-scores']]")
    table = block.find_element(By.TAG_NAME, "table")
    rows = table.find_elements(By.CSS_SELECTOR, "tbody tr")
    box = block.find_element(By.CSS_SELECTOR, "[data-filter]")
    shown = block.find_element(By.CSS_SELECTOR, "[data-shown]")
    assert shown.text == "12 rows"
    box.send_keys("v3 READING")
    visible = [row.text for row in rows if row.is_displayed()]
    assert len(visible) == 1
    assert visible[0].startswith("Net v3 reading")
    assert shown.text == "1 of 12 rows"
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(Keys.DELETE)
    assert all(row.is_displayed() for row in rows)
    assert shown.text == "12 rows"


@pytest.mark.parametrize("width", [360, 1400])
def test_the_page_fits_its_window(page, width):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    try:
        wide = page.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
