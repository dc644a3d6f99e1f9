"""Tapping in a real browser: who taps something that leads elsewhere stands on the new page before the next look.

A click returns when the browser has taken it, and on a busy machine that is before the next page is there: what is read
then is the old page. Two pages often share words, so that waiting for words is not enough.
"""

from playwright.sync_api import Download, Error, Locator, Page, Response

LEADS_ELSEWHERE = """it => {
    const link = it.closest('a[href]');
    if (link) {
        const there = new URL(link.href), here = new URL(location.href);
        there.hash = here.hash = '';
        return !link.getAttribute('href').includes('#') || there.href !== here.href;
    }
    const button = it.closest('button, input');
    if (!button || !button.form || button.type !== 'submit' || button.disabled) return false;
    return button.formNoValidate || button.form.noValidate || button.form.checkValidity();
}"""
"""Whether a tap opens a new page: links but those to a place on this page, buttons that send a form but those that the
browser holds back because a field is not filled in. Not: summaries, and buttons that only a script listens to."""

NO_ANSWER = "net::ERR_"


def tap(target: Locator) -> Response | None:
    """Tap; when that leads to another page, return once it is there and loaded.

    Returns:
        the answer at the end of all redirects; None when the tap leads nowhere else.

    Raises:
        playwright's Error: nothing came. For what comes as a file: `fetch`; when no answer is expected: `tap_in_vain`.
    """
    if not target.evaluate(LEADS_ELSEWHERE):
        target.click()
        return None
    with target.page.expect_navigation() as arrived:
        target.click(no_wait_after=True)
    return arrived.value


def fetch(target: Locator) -> Download:
    """Tap what comes as a file; the page stays."""
    with target.page.expect_download() as download:
        target.click(no_wait_after=True)
    return download.value


def tap_in_vain(target: Locator) -> None:
    """Tap while nobody answers: the browser stands on its own page about that when this returns."""
    page: Page = target.page
    try:
        with page.expect_navigation():
            target.click(no_wait_after=True)
    except Error as error:
        if NO_ANSWER not in str(error):
            raise
    else:
        raise AssertionError(f"there was an answer: {page.url}")
    page.wait_for_url("chrome-error://**")
