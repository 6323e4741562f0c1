"""The key of a browser profile in a real one: it stays, nobody reads it out, and several tabs have the same."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route

from tests.browser import WAIT_MS
from tests.bundle import WEB, bundle

SAFE, PLAIN = "https://cameras.example/", "http://cameras.example/"
TABS = 6

ENTRY = f"""
import {{ browserCupboard, emptyCupboard }} from '{WEB}/core/trust/cupboard';
import {{ installation }} from '{WEB}/core/trust/installation';
import {{ Known }} from '{WEB}/core/trust/known';
import {{ begin, follow }} from '{WEB}/core/trust/keyring';
import {{ nameOf }} from '{WEB}/core/trust/statement';
Object.assign(globalThis, {{ browserCupboard, emptyCupboard, installation, Known, begin, follow, nameOf }});
"""
NAME = "installation().then(nameOf, (error) => error.reason)"
READ_OUT = """async () => {
  const { privateKey } = await installation();
  const said = (form) => crypto.subtle.exportKey(form, privateKey).then(() => 'read out', (error) => error.name);
  return Promise.all(['pkcs8', 'jwk', 'raw'].map(said));
}"""
BEGIN_RING = """async () => {
  const known = new Known(await browserCupboard());
  const statements = [await begin(await installation(), 1800000000)];
  const ring = await follow(statements);
  await known.learnRing('me', { ring, statements });
  await known.learnCamera('me', 'c1', { key: ring.name, owner: ring.name, iat: 1, chain: [], orders: -1 });
  return ring.name;
}"""
RECALL = """async () => {
  const known = new Known(await browserCupboard());
  const cameras = await known.cameras('me');
  const elsewhere = [await known.isElsewhere('me', false), await known.isElsewhere('you', false)];
  return [(await known.ring('me')).ring.name, cameras.get('c1').key, cameras.get('c2') ?? null, ...elsewhere];
}"""
RACE = """async (value) => {
  const cupboard = await browserCupboard();
  const grow = () => cupboard.change('list', (standing) => [...(standing ?? []), value]);
  await Promise.all(Array.from({ length: 20 }, grow));
}"""

HOLD = """() => new Promise((resolve) => {
  indexedDB.open('belvedere-trust').onsuccess = ({ target }) => resolve(void (globalThis.held = target.result));
})"""

COUNT_HELD = """() => new Promise((resolve) => {
  held.transaction('kept').objectStore('kept').count().onsuccess = ({ target }) => resolve(target.result);
})"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The modules under test as one script."""
    return bundle(tmp_path_factory.mktemp("bundle"), ENTRY)


async def profile(browser: Browser, script: str) -> BrowserContext:
    """A browser profile in which each page has the modules. No server is needed: storage goes by the address."""
    context = await browser.new_context()

    async def answer(route: Route) -> None:
        await route.fulfill(body="<!doctype html><title>x</title>", content_type="text/html")

    await context.route("**/*", answer)
    await context.add_init_script(script)
    return context


async def tab(context: BrowserContext, url: str = SAFE) -> Page:
    page = await context.new_page()
    await page.goto(url)
    return page


async def test_the_signed_word_of_a_browser_comes_from_one_key(browser: Browser, script: str) -> None:
    context = await profile(browser, script)
    tabs = [await tab(context) for _ in range(TABS)]
    names: list[Any] = await asyncio.gather(*(page.evaluate(NAME) for page in tabs for _ in range(2)))
    assert len(set(names)) == 1 and len(names[0]) == 43
    await tabs[0].reload()
    assert await tabs[0].evaluate(NAME) == names[0], "it survives a reload"
    other = await tab(await profile(browser, script))
    assert await other.evaluate(NAME) != names[0], "another profile has another"


async def test_the_signed_key_is_never_read_out(browser: Browser, script: str) -> None:
    page = await tab(await profile(browser, script))
    before = await page.evaluate(READ_OUT)
    await page.reload()
    assert before == await page.evaluate(READ_OUT)
    assert "read out" not in before and len(before) == 3


async def test_swap_of_what_is_known_would_need_the_browser(browser: Browser, script: str) -> None:
    context = await profile(browser, script)
    ring = await (await tab(context)).evaluate(BEGIN_RING)
    assert await (await tab(context)).evaluate(RECALL) == [ring, ring, None, False, True]


async def test_tabs_change_what_is_kept_one_after_the_other(browser: Browser, script: str) -> None:
    context = await profile(browser, script)
    tabs = [await tab(context) for _ in range(3)]
    await asyncio.gather(*(page.evaluate(RACE, number) for number, page in enumerate(tabs)))
    kept = await tabs[0].evaluate("browserCupboard().then((cupboard) => cupboard.get('list'))")
    assert sorted(kept) == sorted([*range(3)] * 20)


async def test_a_browser_says_why_it_keeps_no_signed_key(browser: Browser, script: str) -> None:
    plain = await tab(await profile(browser, script), PLAIN)
    assert await plain.evaluate(NAME) == "insecure"
    closed = await tab(await profile(browser, script))
    await closed.evaluate("Object.defineProperty(globalThis, 'indexedDB', { value: undefined })")
    assert await closed.evaluate(NAME) == "storage"


async def test_a_signed_key_is_destroyed_whoever_holds_the_store(browser: Browser, script: str) -> None:
    context = await profile(browser, script)
    page, sleeper = await tab(context), await tab(context)
    before = await page.evaluate(NAME)
    await sleeper.evaluate(HOLD)
    async with asyncio.timeout(WAIT_MS / 1000):
        await page.evaluate("emptyCupboard()")
        assert await page.evaluate(NAME) == "storage", "it waits for nobody"
    assert await sleeper.evaluate(COUNT_HELD) == 0
    await sleeper.close()
    assert len(await page.evaluate(NAME)) == 43 and await page.evaluate(NAME) != before
