"""The main job, nothing of it played: the OpenSSH client, a real `sshd`, an approver and a replayer in Chromium."""

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.demo.running import Demo, running, typed
from tests.e2e.clients import free_port
from tests.web.chromium import chromium

pytestmark = pytest.mark.slow


async def at_the_console(browser: Browser, demo: Demo, login: str) -> Page:
    page = await (await browser.new_context(locale="fr-FR", viewport={"width": 390, "height": 844})).new_page()
    await page.goto(f"{demo.facts['web_url']}/sign-in")
    await page.get_by_label("Identifiant").fill(login)
    await page.get_by_label("Mot de passe").fill(demo.accounts[login]["password"])
    await page.get_by_label("Code").fill(demo.code(login))
    await page.get_by_role("button", name="Se connecter").click()
    await page.wait_for_url(re.compile(r"/$"))
    return page


async def test_a_technician_services_a_real_device_under_an_approved_recorded_session(tmp_path):
    async with running(tmp_path / "demo", free_port(), free_port()) as demo, chromium() as browser:
        claire = await at_the_console(browser, demo, "claire")
        waiting = claire.locator("[id^=ask-]")
        await expect(waiting).to_have_count(0)
        alice = await typed(demo, "ct-01")
        await waiting.get_by_role("link").first.click()  # it stands there without a reload
        await expect(claire.get_by_text("Erreur E-2207").first).to_be_visible()
        await claire.get_by_role("button", name="Accorder l’accès").click()
        await alice.expect("Claire Dubois")
        await alice.insist("echo $((1 + 1))-ready\r", "2-ready")
        alice.send("echo $((6 * 7))-turns; exit 3\r")
        await alice.expect("42-turns")
        assert await alice.ended(10) == 3, "the status of the device's own shell"
        await alice.close()

        samir = await at_the_console(browser, demo, "samir")
        await samir.goto(f"{demo.facts['web_url']}/recordings")
        await samir.locator("#rows a[href^='/recordings/']").first.click()
        await samir.locator("[name=why]").fill("première intervention")
        await samir.get_by_role("button", name="Visionner").click()
        await samir.get_by_role("button", name="Lire").click()
        await expect(samir.locator("[data-screen]")).to_contain_text("42-turns")
