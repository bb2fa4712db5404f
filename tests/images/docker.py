"""Containers as a careful user starts them."""

import subprocess

#: A user that no image has heard of.
ANYBODY = 4711
#: As little as a run needs: no network, no capability, nothing to write to but what is mounted.
CAREFUL = (
    "--network", "none", "--read-only", "--cap-drop", "ALL",
    "--security-opt", "no-new-privileges", "--user", f"{ANYBODY}:{ANYBODY}",
)  # fmt: skip


def docker(*arguments, check=False, env=None):
    """Run a docker command to its end and return what it said."""
    return subprocess.run(
        ["docker", *map(str, arguments)], capture_output=True, text=True, check=check, env=env
    )


def started(image, out, *options):
    """Return the arguments that start an image carefully with a folder mounted for results."""
    return ("run", "--rm", *CAREFUL, *options, "-v", f"{out}:/out", image)


def inside(image, code, *options):
    """Return what a line of Python prints in the harness' environment of an image."""
    python = "/opt/tta-energy/bin/python"
    done = docker("run", "--rm", *CAREFUL, *options, "--entrypoint", python, image, "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
