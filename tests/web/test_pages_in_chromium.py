"""The pages in a real browser: the lab's fleet, by mouse, by keyboard, on a phone, and without JavaScript."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kea_exporter.web.pages.fleet import MAX_HEALTHY
from lab.browser import FLAGS, chromium
from lab.servers.chroot import LabUnavailableError
from lab.servers.fleet import start_fleet
from lab.servers.kea import Lab
from tests.support.examples import (
    ADDRESS,
    DAY,
    OWN_COMMANDS,
    TAKEN_AT,
    certificate,
    relationship,
    showing,
    silent,
    sound,
    status,
)
from tests.support.exporter import Exporter, exporter
from tests.support.pairs import partners, server
from tests.support.serving import servers, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kea_exporter.config import DaemonSettings
    from kea_exporter.facts.snapshot import Snapshot
    from kea_exporter.transport.deadline import Deadline
    from lab.servers.chroot import Chroot
    from lab.servers.fleet import Fleet

    Open = Callable[..., Page]

# Not a loopback name: over plain http, browsers then leave out what tells one site from another.
NAME = "kea.example"
GENEROUS = 30_000.0
WIDTHS = (360, 768, 1280, 1440)
LEAST_CONTRAST = 4.5
SMALLEST_TARGET = 24
LONG_NAME = "a-very-long-name-that-somebody-gave-to-a-server.of-some-other-department.example.com"

# Told to the test as an error on the console, which a sound page never has.
TELL_VIOLATIONS = (
    "addEventListener('securitypolicyviolation', it => console.error('policy', it.violatedDirective, it.blockedURI))"
)
# The least contrast of any text, as WCAG 2.2 counts it, with the text; colours of half-transparent layers are mixed.
CONTRAST = """() => {
  const channels = text => { const it = text.match(/[\\d.]+/g).map(Number); return [...it.slice(0, 3), it[3] ?? 1] }
  const over = (top, below) => [0, 1, 2].map(at => top[at] * top[3] + below[at] * (1 - top[3])).concat(1)
  const light = it => it.slice(0, 3).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0)
  const ground = element => {
    const layers = []
    for (let it = element; it; it = it.parentElement) layers.push(channels(getComputedStyle(it).backgroundColor))
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1])
  }
  const ratio = (ink, paper) => {
    const [high, low] = [light(over(ink, paper)), light(paper)].sort((a, b) => b - a)
    return (high + 0.05) / (low + 0.05)
  }
  const signs = [...document.querySelectorAll('.verdict')].map(it => {
    const sign = getComputedStyle(it, '::before'), paper = channels(sign.backgroundColor)
    return [ratio(channels(sign.color), over(paper, ground(it))), `sign of ${it.className}`]
  })
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = []
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement
    if (texts.currentNode.data.trim() && element.checkVisibility())
      found.push([ratio(channels(getComputedStyle(element).color), ground(element)), texts.currentNode.data.trim()])
  }
  return [...signs, ...found].sort((a, b) => a[0] - b[0])[0]
}"""
NARROWEST = """() => Math.min(...[...document.querySelectorAll('main a, main button, main summary')]
  .filter(it => it.checkVisibility()).map(it => it.getBoundingClientRect().width))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        path = chromium()
    except LabUnavailableError as error:
        pytest.skip(str(error))
    expect.set_options(timeout=GENEROUS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, args=[*FLAGS, f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Open pages; whatever the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(url: str, width: int = 1440, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        context.add_init_script(TELL_VIOLATIONS)
        context.set_default_timeout(GENEROUS)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
        page.on(
            "response",
            lambda response: (
                complaints.append(f"{response.status}: {response.url}") if response.status >= 400 else None
            ),
        )
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def lab_fleet(chroot: Chroot) -> Iterator[Fleet]:
    with Lab(chroot) as lab:
        yield start_fleet(lab)


@pytest.fixture(scope="module")
def collected(lab_fleet: Fleet) -> Iterator[Exporter]:
    """Return an exporter of the lab's fleet that has collected once."""
    with exporter(lab_fleet.config_file, "--web.own-host", NAME) as running:
        running.samples()
        yield running


def daemon_of_many(daemon: DaemonSettings, _: Deadline, _before: Snapshot | None) -> Snapshot:
    """Answer as one of many daemons does: a few are in trouble, and say so at length."""
    name, now = daemon.target.server, time.time()
    passed = (now - TAKEN_AT) / DAY
    changes = {"target": replace(sound().target, server=name), "taken_at": now}
    if "silent" in name:
        return replace(silent(), **changes)  # type: ignore[arg-type]
    alone = relationship(local="communication-recovery", communication_interrupted=True)
    pair = alone if "alone" in name else relationship()
    found = sound(
        status=replace(status(), relationships=(pair,)),
        tls=showing(certificate(ADDRESS, days=(passed - 30, passed + 60))),
        commands=OWN_COMMANDS if "bare" in name else sound().commands,
    )
    if name in PAIR:
        changes["configuration"] = PAIR[name].configuration
    return replace(found, **changes)  # type: ignore[arg-type]


def other_id(tree: dict[str, Any]) -> None:
    tree["subnet4"][0]["id"] = 40


PAIR = {
    f"{LONG_NAME}-{name}": server(tree, name)
    for name, tree in zip(("dhcp-a", "dhcp-b"), partners(change=other_id), strict=True)
}
PAIR_PATH = f"/pairs/dhcp4/{quote('192.0.2.1:8000 192.0.2.2:8000', safe='')}"


@pytest.fixture(scope="module")
def crowd() -> Iterator[str]:
    """Return where many servers are shown, some of them with names that are hard to show."""
    hard = [f"{LONG_NAME}-{what}" for what in ("silent", "bare", "alone")]
    names = [*hard, *PAIR, "<b>silent", "\u05e9\u05e8\u05ea-bare", *(f"sound-{number}" for number in range(60))]
    with serving(servers(*names), probe_daemon=daemon_of_many) as served:
        assert served.get("/metrics").status_code == 200
        yield served.url


def matrix(page: Page) -> dict[str, dict[str, str]]:
    """Return what the matrix says of each server in words: the status of each requirement."""
    heads = page.locator(".matrix th.requirement").evaluate_all("all => all.map(it => it.title.split(':')[0])")
    rows = page.locator(".matrix tbody").evaluate_all(
        "all => all.map(it => [it.querySelector('.server').textContent.trim(),"
        " [...it.querySelectorAll('td.verdict')].map(it => it.querySelector('span').textContent)])"
    )
    return {server: dict(zip(heads, words, strict=True)) for server, words in rows}


def press_until(page: Page, wanted: str, key: str = "Tab") -> None:
    """Press a key until an element that the selector *wanted* names has the focus."""
    for _ in range(200):
        page.keyboard.press(key)
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return
    raise AssertionError(f"nothing that is {wanted} can be reached with {key}")


# The lab's fleet.


@pytest.mark.lab
def test_the_matrix_has_the_verdict_of_the_report_in_each_cell(visit: Open, collected: Exporter) -> None:
    found = matrix(visit(collected.url))
    report = requests.get(f"{collected.url}/api/v1/servers", timeout=30).json()
    said = {
        daemon["server"]: {
            requirement["id"]: f"{requirement['status']}, {requirement['severity']}"
            if requirement["status"] in {"unmet", "unknown"}
            else requirement["status"].replace("_", " ")
            for requirement in daemon["requirements"]
        }
        for daemon in report["daemons"]
    }
    # Of the requirements on the configuration, which are many, the page shows the worst unmet ones.
    assert found == {server: {name: said[server][name] for name in shown} for server, shown in found.items()}
    assert set(found) == set(said)
    assert found["nothing-there"]["control-socket-reachable"] == "unmet, required"
    assert found["wrong-password"]["authentication-accepted"] == "unmet, required"
    assert found["hooks-missing"]["hook-lease-cmds-loaded"] == "unmet, required"
    assert found["hooks-missing"]["hook-stat-cmds-loaded"] == "unmet, advisory"


@pytest.mark.lab
def test_the_worst_servers_of_the_fleet_come_first(visit: Open, collected: Exporter) -> None:
    page = visit(collected.url)
    order = page.locator(".matrix .server").all_text_contents()
    assert order[0].strip() == "hooks-missing"
    assert {name.strip() for name in order[1:3]} == {"nothing-there", "wrong-password"}
    expect(page.get_by_role("heading", level=2).first).to_have_text("3 of 5 servers have unmet required requirements")
    expect(page).to_have_title("3 of 5 servers have unmet required requirements \N{EN DASH} kea-exporter")


@pytest.mark.lab
def test_a_failed_probe_is_explained_under_its_row(visit: Open, collected: Exporter) -> None:
    notes = visit(collected.url).locator(".note").all_text_contents()
    assert len(notes) == 2
    assert any("Failed at connect (refused)" in note and "Start the Kea service" in note for note in notes)
    assert any("Failed at auth (unauthorized)" in note for note in notes)


@pytest.mark.lab
def test_from_a_cell_to_its_evidence_by_keyboard_alone(visit: Open, collected: Exporter) -> None:
    page = visit(collected.url)
    press_until(page, "td.unmet a[href$='hook-lease-cmds-loaded']")
    page.keyboard.press("Enter")
    article = page.locator("#dhcp4-hook-lease-cmds-loaded")
    expect(article).to_be_in_viewport()
    expect(article).to_contain_text("libdhcp_lease_cmds.so is not loaded")
    example = article.locator("pre")
    expect(example).to_be_hidden()
    press_until(page, "#dhcp4-hook-lease-cmds-loaded summary")
    page.keyboard.press("Enter")
    expect(example).to_be_visible()
    expect(example).to_have_text('"hooks-libraries": [{"library": "libdhcp_lease_cmds.so"}]')
    page.keyboard.press("Enter")
    expect(example).to_be_hidden()


@pytest.mark.lab
def test_the_evidence_of_what_is_met_opens_too(visit: Open, collected: Exporter) -> None:
    page = visit(f"{collected.url}/servers/hooks-missing")
    evidence = page.get_by_text("the SAN contains ip:127.0.0.1")
    expect(evidence).to_be_hidden()
    page.locator("summary", has_text="met").first.click()
    expect(evidence).to_be_visible()


@pytest.mark.lab
@pytest.mark.parametrize("path", ["/", "/servers/sound-v4"])
@pytest.mark.parametrize("javascript", [True, False])
def test_a_fresh_collection_can_be_asked_for(visit: Open, collected: Exporter, path: str, javascript: bool) -> None:  # noqa: FBT001
    page = visit(collected.url + path, java_script_enabled=javascript)
    before = page.locator("time").get_attribute("datetime")
    page.wait_for_timeout(1100)  # moments are shown in whole seconds
    page.get_by_role("button", name="Collect now").click()
    expect(page.locator("time")).not_to_have_attribute("datetime", before or "")
    assert page.url == collected.url + path


@pytest.mark.lab
def test_the_first_view_of_a_page_collects(visit: Open, lab_fleet: Fleet) -> None:
    with exporter(lab_fleet.config_file) as fresh:
        page = visit(fresh.url)
        expect(page.locator(".matrix tbody")).to_have_count(5)
        # How long it takes until it is shown depends on the machine.
        expect(page.locator("time")).to_have_text(re.compile(r"^\d s ago$"))


@pytest.mark.lab
def test_a_collection_can_be_asked_for_where_the_exporter_goes_by_a_name(visit: Open, collected: Exporter) -> None:
    page = visit(collected.url.replace("127.0.0.1", NAME))
    page.get_by_role("button", name="Collect now").click()
    expect(page.locator(".matrix tbody")).to_have_count(5)


# Whoever looks, and on whatever.


@pytest.mark.parametrize("path", ["/", f"/servers/{LONG_NAME}-bare", f"/servers/{LONG_NAME}-silent", PAIR_PATH])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window(visit: Open, crowd: str, path: str, width: int) -> None:
    page = visit(crowd + path, width)
    page.locator("details").evaluate_all("all => all.forEach(it => { it.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("path", ["/", f"/servers/{LONG_NAME}-bare", f"/servers/{LONG_NAME}-silent", PAIR_PATH])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_all_text_stands_out_from_its_ground(visit: Open, crowd: str, path: str, scheme: str, width: int) -> None:
    page = visit(crowd + path, width, color_scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach(it => { it.open = true })")
    contrast, text = page.evaluate(CONTRAST)
    assert contrast >= LEAST_CONTRAST, text


def test_dark_is_dark_and_light_is_light(visit: Open, crowd: str) -> None:
    grounds = {
        scheme: visit(crowd, color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    brightness = {scheme: sum(map(int, colour.strip("rgb()").split(","))) for scheme, colour in grounds.items()}
    assert brightness["light"] > 700
    assert brightness["dark"] < 100


@pytest.mark.parametrize("width", WIDTHS)
def test_everything_that_can_be_clicked_is_large_enough(visit: Open, crowd: str, width: int) -> None:
    assert visit(crowd, width).evaluate(NARROWEST) >= SMALLEST_TARGET


@pytest.mark.parametrize("width", [360, 1440])
def test_whoever_cannot_see_is_read_a_table(visit: Open, crowd: str, width: int) -> None:
    page = visit(crowd, width)
    table = page.get_by_role("table", name="Verdicts on each daemon, worst server first")
    assert table.get_by_role("row").count() >= 5
    expect(table.get_by_role("rowheader", name="dhcp4").first).to_be_visible()
    expect(table.get_by_role("meter", name="100 of 200 addresses of 192.0.2.0/24 leased").first).to_be_visible()
    for landmark in ("banner", "main", "contentinfo"):
        expect(page.get_by_role(landmark)).to_have_count(1)


def test_a_cell_is_read_in_words_and_shown_as_a_sign(visit: Open, crowd: str) -> None:
    page = visit(crowd)
    signs = {
        name: page.locator(f".matrix td.{name}").first.evaluate("it => getComputedStyle(it, '::before').content")
        for name in ("met", "unmet", "unknown")
    }
    assert len(set(signs.values())) == 3
    cell = page.locator(".matrix td.unmet.required").first
    assert cell.get_by_role("link").aria_snapshot().startswith('- link "unmet, required')


def test_the_content_can_be_skipped_to(visit: Open, crowd: str) -> None:
    page = visit(crowd)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_many_sound_servers_are_folded_away_and_open_by_keyboard(visit: Open, crowd: str) -> None:
    page = visit(crowd)
    expect(page.locator(".matrix").first.locator("tbody")).to_have_count(7)
    folded = page.get_by_role("link", name=f"sound-{MAX_HEALTHY}", exact=True)
    expect(folded).to_be_hidden()
    press_until(page, ".folded > summary")
    page.keyboard.press("Enter")
    expect(folded).to_be_visible()


def test_the_heads_of_the_columns_stay_in_view(visit: Open, crowd: str) -> None:
    page = visit(crowd)
    page.locator(".folded > summary").click()
    page.get_by_role("link", name="sound-50", exact=True).scroll_into_view_if_needed()
    expect(page.locator(".folded .matrix thead")).to_be_in_viewport(ratio=0.99)


def test_a_phone_shows_what_is_unmet_by_name_and_leaves_out_the_rest(visit: Open, crowd: str) -> None:
    card = visit(crowd, 360).locator(".matrix tbody", has_text=f"{LONG_NAME}-bare")
    expect(card.get_by_text("hook-lease-cmds-loaded")).to_be_visible()
    expect(card.locator("td.met").first).to_be_hidden()
    expect(card).to_contain_text("3 required unmet")
    expect(card).to_contain_text("4 unmet, 41 met")


@pytest.mark.parametrize("name", [f"{LONG_NAME}-silent", "<b>silent", "\u05e9\u05e8\u05ea-bare"])
def test_a_server_of_any_name_has_its_page(visit: Open, crowd: str, name: str) -> None:
    page = visit(crowd)
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("button", name="Collect now").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("link", name="Kea servers").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Kea servers")


def test_on_paper_there_is_everything_and_nothing_to_click(visit: Open, crowd: str) -> None:
    page = visit(f"{crowd}/servers/{LONG_NAME}-bare")
    page.emulate_media(media="print")
    expect(page.get_by_role("button")).to_be_hidden()
    expect(page.get_by_text("the SAN contains ip:192.0.2.1")).to_be_visible()
    assert page.pdf().startswith(b"%PDF")


def test_without_javascript_all_is_there(visit: Open, crowd: str) -> None:
    page = visit(f"{crowd}/servers/{LONG_NAME}-bare", java_script_enabled=False)
    rule = page.locator("#dhcp4-hook-lease-cmds-loaded").get_by_text("Met if")
    expect(rule).to_be_hidden()
    page.locator("#dhcp4-hook-lease-cmds-loaded summary").last.click()
    expect(rule).to_be_visible()
