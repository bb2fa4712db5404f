"""Machines to be examined: a simulated board asked through NVML, answering what a test wants."""

from __future__ import annotations

from types import SimpleNamespace

from repro.doctor import Needs, Site
from repro.meter.nvml import NvmlGpu
from repro.meter.simulated import NVMLError, SimulatedGpuSettings, SimulatedNvml

UNSUPPORTED = object()


class Clock:
    """A clock on which sleeping is the only thing that takes time."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def make_api(answers=None, **settings):
    """Return a simulated NVML in which functions by name answer otherwise, or not at all."""
    api = SimulatedNvml(SimulatedGpuSettings(**settings))
    for name, answer in (answers or {}).items():
        setattr(api, name, _refusing if answer is UNSUPPORTED else _answering(answer))
    return api


def make_site(out, *, answers=None, real=True, container=None, root=None, needs=None, **settings):
    """Return a site with a GPU that counts as real, or as simulated."""
    gpu = NvmlGpu(make_api(answers, **settings), 0, simulated=not real)
    site = Site(
        "cuda:0" if real else "simulated", out, needs or Needs(), root=root or out,
        container=container, gpu=gpu,
    )  # fmt: skip
    # A second of a GPU at rest, without the second.
    site.__dict__["idle"] = site.condition.watch(lambda _: None)
    return site


def without_gpu(out):
    """Return the site of a machine on which NVML finds nothing."""
    return Site("cuda:0", out, Needs(), root=out, trouble="nvml: no GPU can be read")


def processes(*pids):
    """Return what NVML lists for these process ids."""
    return [SimpleNamespace(pid=pid, usedGpuMemory=0) for pid in pids]


def shows_host_processes(root, *, host=True):
    """Make a root whose process namespace is that of the host, or another."""
    link = root / "proc/self/ns/pid"
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to("pid:[4026531836]" if host else "pid:[4026532999]")


def _answering(answer):
    return lambda *_: answer


def _refusing(*_):
    raise NVMLError("not supported")
