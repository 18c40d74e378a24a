"""A headless Chromium, asked through the pipe of its own DevTools protocol: no driver, no package.

    with Chromium(path) as browser:
        browser.open(page, width=390, dark=True)
        browser.ask("document.title")

https://chromedevtools.github.io/devtools-protocol; --remote-debugging-pipe: JSON, a NUL after each.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 60  # seconds for any one answer


def find():
    """The browser's path, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    def __init__(self, path):
        self._path, self._n, self._events = path, 0, []
        self._rest = b""

    def __enter__(self):
        self._home = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        read_here, write_there = os.pipe()
        read_there, write_here = os.pipe()
        # the browser reads from its descriptor 3 and writes into its descriptor 4
        command = 'exec 3<&"$0" 4>&"$1"; shift; exec "$@"'
        options = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--remote-debugging-pipe",
            f"--user-data-dir={self._home.name}",
        ]
        self._process = subprocess.Popen(
            ["bash", "-c", command, str(read_there), str(write_there), self._path, *options],
            pass_fds=(read_there, write_there),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_there)
        os.close(write_there)
        self._in, self._out = read_here, write_here
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = None
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self._session = None
        try:
            self.send("Browser.close")
            self._process.wait(PATIENCE)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)
        self._home.cleanup()

    def send(self, method, **parameters):
        self._n += 1
        message = {"id": self._n, "method": method, "params": parameters}
        if getattr(self, "_session", None):
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._n:
                assert "error" not in answer, answer
                return answer["result"]
            self._events.append(answer)

    def _next(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no answer within {PATIENCE} s")
            part = os.read(self._in, 2**20)
            if not part:
                raise OSError("the browser has ended")
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    # --- what a person does -----------------------------------------------------------------------

    def open(self, page, *, width=1280, height=900, dark=False):
        """Opens a file as on a screen of that size, and waits until it says that it is ready."""
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url="about:blank")
        self.wait("document.URL === 'about:blank'")
        self._events.clear()
        self.send("Page.navigate", url=page.as_uri())
        self.wait("document.documentElement?.dataset.ready === 'yes'")

    def ask(self, expression):
        """The value of an expression; a promise is awaited."""
        answer = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition):
        """Asks until it holds; a page that loads anew meanwhile answers the next time."""
        end = time.monotonic() + PATIENCE
        while not self._holds(condition):
            if time.monotonic() > end:
                raise TimeoutError(f"never: {condition}; {self.faults}")
            time.sleep(0.02)

    def _holds(self, condition):
        try:
            return self.ask(condition)
        except AssertionError as error:
            if "navigated" not in str(error):
                raise
            return False

    def press(self, key, code=None, text=""):
        code = code or key
        for kind in ("keyDown", "keyUp"):
            pressed = {"type": kind, "key": key, "code": code}
            virtual = {" ": 32, "Tab": 9, "ArrowLeft": 37, "ArrowRight": 39, "Home": 36, "End": 35}
            pressed["windowsVirtualKeyCode"] = virtual.get(key, 0)
            self.send(
                "Input.dispatchKeyEvent", **pressed, **({"text": text} if kind == "keyDown" else {})
            )

    def point_at(self, x, y):
        for dx in (-3, 0):
            self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x + dx, y=y)

    def click(self, x, y):
        self.point_at(x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def screenshot(self, path, *, whole=False):
        shot = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    # --- what it complains of ---------------------------------------------------------------------

    @property
    def faults(self):
        """Errors of the console, and what was thrown, since the page was opened."""
        said = []
        for event in self._events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                said.append(parameters["exceptionDetails"])
            elif method == "Runtime.consoleAPICalled" and parameters["type"] in (
                "error",
                "warning",
                "assert",
            ):
                said.append(parameters["args"])
            elif method == "Log.entryAdded" and parameters["entry"]["level"] in (
                "error",
                "warning",
            ):
                said.append(parameters["entry"])
        return said

    @property
    def requests(self):
        """The addresses that were asked for since the page was opened."""
        return [
            event["params"]["request"]["url"]
            for event in self._events
            if event.get("method") == "Network.requestWillBeSent"
        ]
