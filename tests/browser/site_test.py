"""The site in headless Chromium: no error, no request; sorting, filtering, keyboard; without JavaScript, at 360 pixels,
in the dark, in print; axe-core finds nothing, also with hostile names in the store.

exit: 77 where Chromium or axe-core cannot be had (harness/setup --tests installs both).
"""
import pathlib
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "e2e"))

import browser  # noqa: E402
import program  # noqa: E402
import site_pages  # noqa: E402

ROWS = "[...document.querySelectorAll('#t0h0-main tbody tr')]"
VISIBLE = f"{ROWS}.filter(row => row.getClientRects().length > 0).length"
SORTED = "document.querySelectorAll('#t0h0-main th[aria-sort=ascending], #t0h0-main th[aria-sort=descending]').length"


class BrowserCase(program.ProgramCase):
    """One site and one browser for all tests of a class."""

    hostile = False

    @classmethod
    def setUpClass(cls):
        maker = program.ProgramCase()
        maker.setUp()
        cls.addClassCleanup(maker.doCleanups)
        maker.call("run", maker.write("site.toml", site_pages.EXPERIMENT))
        if cls.hostile:
            site_pages.make_hostile(maker.store)
        cls.out = maker.folder / "site"
        maker.call("report", "--out", cls.out)
        cls.page = browser.Browser()
        cls.addClassCleanup(cls.page.close)

    def setUp(self):
        self.page.call("Emulation.setScriptExecutionDisabled", value=False)
        self.page.look()
        self.page.open(self.out / "site.html")

    def pages(self):
        return sorted(self.out.glob("*.html"))

    def assert_clean(self, scheme):
        for path in self.pages():
            self.page.look(scheme=scheme)
            self.page.open(path)
            self.assertEqual(self.page.axe(), [], f"{path.name}, {scheme}")

    def assert_quiet(self):
        for path in self.pages():
            self.page.open(path)
            self.assertEqual(self.page.errors, [], path)
            self.assertEqual(self.page.requests, [path.resolve().as_uri()])

    def assert_narrow(self):
        for path in self.pages():
            self.page.look(width=360, height=740)
            self.page.open(path)
            self.assertLessEqual(self.page.value("document.documentElement.scrollWidth"), 360, path)


class SiteInBrowser(BrowserCase):
    def test_no_error_and_no_request(self):
        self.assert_quiet()

    def test_sorting_keeps_controls_below_models(self):
        column = self.page.value("[...document.querySelectorAll('#t0h0-main thead th')].findIndex(h => h.textContent.startsWith('measured'))")
        before = self.page.value(f"{ROWS}.map(row => row.closest('tbody').rowIndex)")
        orders = []
        for _ in range(2):
            self.page.value(f"document.querySelectorAll('#t0h0-main thead button')[{column}].click()")
            orders.append(self.page.value("[...document.querySelectorAll('#t0h0-main tbody')].map(body => [...body.rows].map("
                                          f"row => row.cells[{column}].dataset.sort).filter(Boolean).map(Number))"))
        for up, down in zip(*orders):
            self.assertEqual(up, sorted(up))
            self.assertEqual(down, sorted(down, reverse=True))
        self.assertGreater(len(orders[0]), 1, "a rule stands between kinds of rows")
        self.assertEqual(len(before), self.page.value(f"{ROWS}.length"))
        self.assertEqual(self.page.value(SORTED), 1)

    def test_filter(self):
        everything = self.page.value(VISIBLE)
        self.page.value("{const box = document.querySelector('input[aria-controls=\"t0h0-main\"]'); box.value = 'ridge shuffled';"
                        "box.dispatchEvent(new Event('input'))}")
        self.assertEqual(self.page.value(VISIBLE), 1)
        self.page.value("{const box = document.querySelector('input[aria-controls=\"t0h0-main\"]'); box.value = '';"
                        "box.dispatchEvent(new Event('input'))}")
        self.assertEqual(self.page.value(VISIBLE), everything)

    def test_keyboard_alone(self):
        for _ in range(60):
            self.page.press("Tab", 9)
            if self.page.value("document.activeElement.matches('#t0h0-main thead button')"):
                break
        self.assertTrue(self.page.value("document.activeElement.matches('#t0h0-main thead button:focus-visible')"))
        self.assertNotEqual(self.page.value("getComputedStyle(document.activeElement).outlineStyle"), "none")
        self.page.press("Enter", 13)
        self.assertEqual(self.page.value(SORTED), 1)
        self.page.value("document.querySelector('input[aria-controls=\"t0h0-main\"]').focus()")
        for letter in "cnn":
            self.page.press(letter, ord(letter.upper()))
        self.assertEqual(self.page.value(VISIBLE), 1)
        self.page.value("document.querySelector('#t0h0-main tbody tr:not([hidden]) summary').focus()")
        self.page.press("Enter", 13)
        self.assertTrue(self.page.value("document.querySelector('#t0h0-main tbody tr:not([hidden]) details').open"))

    def test_without_javascript(self):
        self.page.call("Emulation.setScriptExecutionDisabled", value=True)
        self.page.open(self.out / "site.html")
        self.assertGreater(self.page.value(VISIBLE), 4)
        self.assertEqual(self.page.value("document.querySelectorAll('thead button, input').length"), 0)

    def test_figures_stand_in_the_page(self):
        if not list(self.out.rglob("*.svg")):
            self.skipTest("no vl-convert here: harness/setup installs it")
        self.assertGreater(self.page.value("document.querySelectorAll('figure [role=img] svg').length"), 5)
        self.assertTrue(self.page.value("[...document.querySelectorAll('figure [role=img]')].every(f => f.getAttribute('aria-label').length > 30)"))

    def test_narrow(self):
        self.assert_narrow()
        self.page.look(width=360, height=740)
        self.page.open(self.out / "site.html")
        self.page.value("document.querySelector('#t0h0-main').parentElement.scrollLeft = 200")
        self.assertLess(self.page.value("document.querySelector('#t0h0-main tbody th').getBoundingClientRect().left"), 40)

    def test_dark_and_print(self):
        light = self.page.value("getComputedStyle(document.body).backgroundColor")
        self.page.look(scheme="dark")
        self.assertNotEqual(self.page.value("getComputedStyle(document.body).backgroundColor"), light)
        self.page.look(scheme="dark", media="print")
        self.assertEqual(self.page.value("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertEqual(self.page.value("getComputedStyle(document.querySelector('nav')).display"), "none")

    def test_axe_in_the_light(self):
        self.assert_clean("light")

    def test_axe_in_the_dark(self):
        self.assert_clean("dark")


class HostileSite(BrowserCase):
    hostile = True

    def test_names_stay_text(self):
        self.assert_quiet()
        for path in self.pages():
            self.page.open(path)
            self.assertIsNone(self.page.value("window.hostile"))
            self.assertEqual(self.page.value("document.querySelectorAll('img, iframe, object, script:not(:last-child)').length"), 0)
        self.assertIn("<script>", self.page.value("document.body.textContent"))

    def test_narrow(self):
        self.assert_narrow()

    def test_axe(self):
        self.assert_clean("light")


if __name__ == "__main__":
    if browser.chromium() is None or not browser.AXE.exists():
        missing = "Chromium" if browser.chromium() is None else "axe-core"
        print(f"SKIPPED: no {missing} here; harness/setup --tests installs it where it can")
        sys.exit(77)
    unittest.main(verbosity=2)
