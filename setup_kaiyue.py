"""Set Kaiyue up and run its chores; needs nothing but Python's standard library.

    python3 setup_kaiyue.py setup      prepare .venv; afterwards .venv/bin/kaiyue is the command
    python3 setup_kaiyue.py demo       build the sample exam and serve it (SERVE=0: only build)
    python3 setup_kaiyue.py test       everything that must hold
    python3 setup_kaiyue.py check      the quick part of it: style, types, layers, fast tests
    python3 setup_kaiyue.py bench      the benchmarks
    python3 setup_kaiyue.py nightly    the long tests

System packages come through apt where this runs as root (or sudo asks for no password) on Debian or
Ubuntu; elsewhere one sentence names what is missing and the rest goes on.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")

# package -> how to see whether it is there: a command on the path, a file pattern, or a library to load
RUNTIME_PACKAGES = {
    "libgl1": ("library", "libGL.so.1"),
    "libglib2.0-0": ("library", "libgthread-2.0.so.0"),
    "tesseract-ocr": ("command", "tesseract"),
    "fonts-wqy-zenhei": ("files", "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"),
}
TEST_PACKAGES = {
    "chromium": ("command", "chromium chromium-browser google-chrome"),
    "postgresql": ("files", "/usr/lib/postgresql/*/bin/initdb"),
}


def say(text: str) -> None:
    """One line to the person."""
    print(text, flush=True)


def main() -> int:
    """Run the chore that is asked for."""
    chores = {"setup": setup, "demo": demo, "test": test, "check": check, "bench": bench, "nightly": nightly}
    wanted = sys.argv[1] if len(sys.argv) > 1 else "setup"
    if wanted not in chores:
        say(__doc__ or "")
        return 2
    if sys.version_info < (3, 11):  # noqa: UP036 - this script is the one that an older Python may meet
        say(f"Kaiyue needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 3
    try:
        return chores[wanted]()
    except subprocess.CalledProcessError as err:
        say(f"This command failed ({err.returncode}): {' '.join(map(str, err.cmd))}")
        return 1


def setup(*, development: bool = False) -> int:
    """Prepare .venv with the locked packages and Kaiyue itself; quick when nothing changed."""
    install_system_packages(RUNTIME_PACKAGES | (TEST_PACKAGES if development else {}))
    lock = ROOT / ("requirements-dev.lock" if development else "requirements.lock")
    stamp, wanted = VENV / ".kaiyue-setup", _fingerprint(lock)
    done = stamp.read_text(encoding="utf-8").split() if stamp.exists() else []
    if wanted not in done:
        make_environment()
        say(f"Installing the locked packages of {lock.name} …")
        _run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location",
              "--require-hashes", "-r", lock])  # fmt: skip
        _run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-warn-script-location",
              "--no-deps", "--no-build-isolation", "--editable", ROOT])  # fmt: skip
        _probe_opencv()
        kept = [each for each in done if each.startswith(_fingerprint_of_project())]
        stamp.write_text("\n".join([*kept, wanted]), encoding="utf-8")
    compile_catalogues()
    return 0


def make_environment() -> None:
    """Make the virtual environment, with a clear sentence where Debian's venv package is missing."""
    if PYTHON.exists():
        return
    say(f"Making the virtual environment {VENV.name} …")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    if can_install():
        apt_install(["python3-venv"])
        _run([sys.executable, "-m", "venv", VENV])
        return
    say("Python's venv module is incomplete here. Install it first:  sudo apt-get install python3-venv")
    raise SystemExit(3)


def install_system_packages(packages: dict[str, tuple[str, str]]) -> None:
    """Install what is missing through apt where that is possible; otherwise say what is missing and go on."""
    if os.name == "nt" or sys.platform == "darwin":
        return
    missing = [name for name, (kind, where) in packages.items() if not _is_there(kind, where)]
    if not missing:
        return
    if can_install():
        apt_install(missing)
        missing = [name for name in missing if not _is_there(*packages[name])]
    if missing:
        say(f"These system packages are missing: {' '.join(missing)}. "
            f"Install them with:  sudo apt-get install {' '.join(missing)}")  # fmt: skip


def can_install() -> bool:
    """Whether apt can be used here without asking anybody."""
    if shutil.which("apt-get") is None:
        return False
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return True
    if shutil.which("sudo") is None:
        return False
    return subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False).returncode == 0


def apt_install(packages: list[str]) -> None:
    """Install packages; a failure is told, not fatal: what needs them says so itself."""
    say(f"Installing system packages: {' '.join(packages)} …")
    as_root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = [*as_root, "apt-get", "-o", "DPkg::Lock::Timeout=600", "-qq"]
    for command in ([*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", *packages]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            say(f"apt-get said: {(done.stderr or done.stdout).strip()[-600:]}")


def _is_there(kind: str, where: str) -> bool:
    if kind == "command":
        return any(shutil.which(name) for name in where.split())
    if kind == "files":
        pattern = Path(where)
        return any(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
    import ctypes

    try:
        ctypes.CDLL(where)
    except OSError:
        return False
    return True


def _probe_opencv() -> None:
    """OpenCV needs graphics libraries of the system; its headless build of the same version needs none."""
    if subprocess.run([str(PYTHON), "-c", "import cv2"], capture_output=True, check=False).returncode == 0:
        return
    say("OpenCV lacks libGL here; putting its headless build of the same version in its place …")
    version = subprocess.run(
        [str(PYTHON), "-c", "from importlib.metadata import version; print(version('opencv-python'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    _run([PYTHON, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps",
          f"opencv-python-headless=={version}"])  # fmt: skip


def compile_catalogues() -> None:
    """Compile the Chinese texts when their source is newer."""
    for source in (ROOT / "web" / "translations").glob("*/LC_MESSAGES/*.po"):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        script = (
            "import sys; from babel.messages.pofile import read_po; from babel.messages.mofile import write_mo;"
            "catalogue = read_po(open(sys.argv[1], 'rb')); write_mo(open(sys.argv[2], 'wb'), catalogue)"
        )
        _run([PYTHON, "-c", script, source, compiled])


def _fingerprint_of_project() -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()[:16]


def _fingerprint(lock: Path) -> str:
    return f"{_fingerprint_of_project()}-{lock.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"


def _run(command: list[object], **more: object) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT, **more)  # type: ignore[call-overload]


def _go(command: list[object], environment: dict[str, str] | None = None) -> int:
    """Run in the foreground and answer its exit code; Ctrl-C ends the child, then us."""
    child = subprocess.Popen([str(part) for part in command], cwd=ROOT, env={**os.environ, **(environment or {})})
    try:
        return child.wait()
    except KeyboardInterrupt:
        try:
            return child.wait(timeout=20)
        except subprocess.TimeoutExpired:
            child.kill()
            return 130


def demo() -> int:
    """The sample exam, built by the real pipeline; then the pages, unless SERVE=0."""
    setup()
    serve = os.environ.get("SERVE", "1") not in ("0", "no", "false")
    return _go([PYTHON, "-m", "web", "demo", "--serve" if serve else "--no-serve"])


def check() -> int:
    """Style, types, layers, then the tests that are neither slow nor in a browser."""
    setup(development=True)
    return style() or pytest("-m", "not slow and not browser")


def style() -> int:
    """What the tools say about the code, one after the other; the first failure ends it."""
    for command in (
        [PYTHON, "-m", "ruff", "check", "."],
        [PYTHON, "-m", "ruff", "format", "--check", "."],
        [PYTHON, "-m", "mypy"],
        [BIN / "lint-imports"],
    ):
        say("· " + " ".join(Path(str(part)).name if Path(str(part)).is_absolute() else str(part) for part in command))
        if code := _go(list(command)):
            return code
    return 0


def pytest(*arguments: str, **environment: str) -> int:
    """The tests, a file at a time on every core. PYTHONHASHSEED is left random on purpose: nothing may depend on it."""
    spread = [] if "-n" in arguments else ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    return _go([PYTHON, "-m", "pytest", *spread, *arguments], environment)


def test() -> int:
    """Everything that must hold before anything lands."""
    setup(development=True)
    started = time.monotonic()
    code = style() or pytest(*sys.argv[2:])
    say(f"make test took {time.monotonic() - started:.0f} s.")
    return code


def nightly() -> int:
    """The long harnesses, each with its negative control."""
    setup(development=True)
    return pytest("-m", "nightly or not nightly", KAIYUE_NIGHTLY="1")


def bench() -> int:
    """Every benchmark, as ratios within one run."""
    setup(development=True)
    code = 0
    for name in ("read_page", "accuracy", "marking_load", "marking_screen", "panel"):
        say(f"— {name}")
        code = _go([PYTHON, "-m", f"benchmarks.{name}"]) or code
    return code


if __name__ == "__main__":
    sys.exit(main())
