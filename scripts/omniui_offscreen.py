"""Start the real omni.ui without a screen, for the panel's tests and pictures (package ovui: Linux, Python 3.12, Vulkan).

ovui links NVIDIA's driver library. Where there is no such driver, a library of the same functions is built, each of which says
"no device": omni.ui then draws with whatever Vulkan there is (Debian and Ubuntu: mesa-vulkan-drivers).
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

#: What ovui takes from the driver; 100 is CUDA_ERROR_NO_DEVICE.
_DRIVER_FUNCTIONS = (
    "cuInit",
    "cuDeviceGet",
    "cuCtxCreate_v2",
    "cuCtxDestroy_v2",
    "cuImportExternalMemory",
    "cuDestroyExternalMemory",
    "cuExternalMemoryGetMappedBuffer",
    "cuMemcpyDtoH_v2",
)
_SOURCE = "\n".join(f"int {name}(void) {{ return 100; }}" for name in _DRIVER_FUNCTIONS)


class OffscreenUnavailable(RuntimeError):  # noqa: N818 - a circumstance more than an error
    """omni.ui cannot run here; the text says what is missing."""


def prepare() -> None:
    """Load what omni.ui needs, so that it can be imported.

    Raises:
        OffscreenUnavailable: There is no compiler, or the wheel or a Vulkan driver is missing.
    """
    os.environ["OMNIUI_HEADLESS"] = "1"
    if not _vulkan_drivers():
        raise OffscreenUnavailable("there is no Vulkan driver (Debian and Ubuntu: apt install mesa-vulkan-drivers)")
    _load_driver()
    try:
        import omni.ui  # noqa: F401
    except ImportError as error:
        raise OffscreenUnavailable(f"omni.ui cannot be imported ({error}): pip install ovui, with Python 3.12") from error


def start(width: int, height: int) -> None:
    """Start omni.ui with a picture of a size in pixels. It leaves a settings file in the working directory.

    Raises:
        OffscreenUnavailable: It cannot run here.
    """
    prepare()
    import omni.ui.standalone as standalone

    standalone.init("scenecap", width, height)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end; ``capture_screenshot`` stops the loop that it is called in, which is then started again."""
    loop = asyncio.new_event_loop()
    try:
        task = loop.create_task(work)
        task.add_done_callback(lambda _: loop.stop())
        while not task.done():
            loop.run_forever()
        return task.result()
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _vulkan_drivers() -> bool:
    if os.environ.get("VK_ICD_FILENAMES") or os.environ.get("VK_DRIVER_FILES"):
        return True
    folders = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")
    return any(any(Path(folder).glob("*.json")) for folder in folders if Path(folder).is_dir())


def _load_driver() -> None:
    try:
        ctypes.CDLL("libcuda.so.1", ctypes.RTLD_GLOBAL)
        return
    except OSError:
        pass
    compiler = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    if compiler is None:
        raise OffscreenUnavailable("there is neither an NVIDIA driver nor a C compiler to build a stand-in for it")
    with tempfile.TemporaryDirectory(prefix="scenecap_") as folder:
        source, library = Path(folder, "driver.c"), Path(folder, "libcuda.so.1")
        source.write_text(_SOURCE, encoding="ascii")
        command = [compiler, "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", str(library), str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise OffscreenUnavailable(f"the stand-in for NVIDIA's driver cannot be built: {done.stderr.strip()[:300]}")
        ctypes.CDLL(str(library), ctypes.RTLD_GLOBAL)


if __name__ == "__main__":  # says whether it can run, for the tests' environment script
    try:
        prepare()
    except OffscreenUnavailable as reason:
        print(reason)
        sys.exit(1)
