"""Drives Chromium over its debugging pipe, with nothing but the standard library."""
import base64
import contextlib
import itertools
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
AXE = SOURCE / "build" / "browser" / "node_modules" / "axe-core" / "axe.min.js"


def chromium():
    """Path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Browser:
    """One page of one headless Chromium; `errors` and `requests` gather what it reported."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="seqbench-chromium-")
        read_end, self.write_to = os.pipe()
        self.read_from, write_end = os.pipe()
        # Moved out of the way first: either end may itself be 3 or 4.
        ends = [os.dup(os.dup(os.dup(end))) for end in (read_end, write_end)]

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        arguments = [chromium(), "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                     "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                     "--hide-scrollbars", f"--user-data-dir={self.profile}"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=(3, 4), preexec_fn=place)
        for end in (read_end, write_end, *ends):
            os.close(end)
        self.numbers, self.pending, self.session = itertools.count(1), b"", None
        self.errors, self.requests, self.loaded = [], [], False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        with contextlib.suppress(OSError):
            os.close(self.write_to)
        self.process.terminate()
        self.process.wait(timeout=20)
        os.close(self.read_from)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, seconds):
        """The next message; events are noted on the way."""
        deadline = time.monotonic() + seconds
        while b"\0" not in self.pending:
            ready, _, _ = select.select([self.read_from], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.read_from, 1 << 16) if ready else b""
            if not chunk:
                raise TimeoutError("Chromium said nothing, or is gone")
            self.pending += chunk
        text, self.pending = self.pending.split(b"\0", 1)
        message = json.loads(text)
        self.note(message.get("method"), message.get("params", {}))
        return message

    def note(self, event, params):
        if event == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"].get("text", "exception"))
        elif event == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.errors.append(str([argument.get("value") for argument in params["args"]]))
        elif event == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.errors.append(params["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event == "Page.loadEventFired":
            self.loaded = True

    def call(self, method, seconds=60, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_to, data):]
        while True:
            answer = self.receive(seconds)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, path):
        """Loads a file; errors and requests start anew."""
        self.errors, self.requests, self.loaded = [], [], False
        self.call("Page.navigate", url=pathlib.Path(path).resolve().as_uri())
        while not self.loaded:
            self.receive(60)
        time.sleep(0.05)
        self.value("0")  # what was reported meanwhile is noted

    def value(self, expression):
        """Of JavaScript, awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression[:80]}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def look(self, scheme="light", media="screen", width=1200, height=900):
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": scheme}])
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def press(self, key, code):
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, text=text if kind == "keyDown" else "")

    def screenshot(self, path, width, height):
        """Of the top of the page, as PNG."""
        self.look(width=width, height=height)
        shot = self.call("Page.captureScreenshot", format="png")
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def axe(self):
        """What axe-core finds against the page, folded parts opened: 'rule: element'."""
        self.value("document.querySelectorAll('details').forEach(part => part.open = true)")
        self.value(AXE.read_text(encoding="utf-8") + ";0")
        found = self.value("axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map("
                           "n => n.html.slice(0, 200) + ' ' + n.any.map(c => c.message).join(' ')).join(' | ')))")
        return found
