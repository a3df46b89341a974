"""Where this process runs, and whether another one on the same machine is dead: seen at once, not after a while.

Only where numbers of processes mean the same to both: the same boot of the same machine, and the same namespace, which
two containers do not share. Blocking, if only for a file of the system's: call it in a worker thread.
"""

import os
from pathlib import Path

from bot.store.process_rows import Machine, Neighbour

START_TIME_FIELD = 22  # of /proc/PID/stat, see proc(5)
STATE_FIELD = 3
DEAD_STATES = "ZXx"  # ended, and only not yet waited for by its parent


def this_machine(proc: Path = Path("/proc")) -> Machine:
    """This process among those of its machine; without a name where the system does not tell."""
    pid = os.getpid()
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        namespace = os.readlink(proc / "self/ns/pid")
        started, _ = _start_and_state(proc, pid)
    except (OSError, ValueError, IndexError):
        return Machine(name="", pid=pid, pid_started=0)
    return Machine(name=f"{boot} {namespace}", pid=pid, pid_started=started)


def is_dead(neighbour: Neighbour, proc: Path = Path("/proc")) -> bool:
    """Whether a process on this machine has ended. False where that cannot be known."""
    try:
        started, state = _start_and_state(proc, neighbour.pid)
    except FileNotFoundError:
        return True
    except (OSError, ValueError, IndexError):
        return False
    return started != neighbour.pid_started or state in DEAD_STATES


def _start_and_state(proc: Path, pid: int) -> tuple[int, str]:
    """When a process began, and its state. The second field, its name, may hold anything in its parentheses."""
    stat = (proc / str(pid) / "stat").read_text("utf-8", "replace")
    fields = stat[stat.rindex(")") + 1 :].split()  # from the third on
    return int(fields[START_TIME_FIELD - STATE_FIELD]), fields[0]
