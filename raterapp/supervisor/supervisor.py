"""``up``: starts everything in order, keeps it running, stops it in order."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime

from raterapp.embedded import locks
from raterapp.embedded.layout import VarLayout
from raterapp.embedded.postgres import PostgresCluster, last_line
from raterapp.embedded.process import tied_to_parent
from raterapp.embedded.valkey import ValkeyServer
from raterapp.embedded.var_check import CannotStart, check_var, explain
from raterapp.supervisor import leftovers, plan, port
from raterapp.supervisor.child import Child, ChildSpec
from raterapp.supervisor.events import Events
from raterapp.supervisor.logs import rotate

READY_TIMEOUT_S = 90.0
STARTS_BEFORE_GIVING_UP = 3
WATCH_INTERVAL_S = 1.0


class StopRequested(Exception):
    """Ctrl-C or a stop signal arrived."""


class Supervisor:
    """Holds the var folder's lock, its children, and the order among them."""

    def __init__(
        self, layout: VarLayout, options: plan.UpOptions, embedded: frozenset[str], say: Callable[[str], None]
    ) -> None:
        self.layout = layout
        self.options = options
        self.embedded = embedded
        self.say = say
        self.children: list[Child] = []
        self.events = Events()
        self._lock = locks.HeldLock(layout.run / "supervisor.lock")
        self._cluster = PostgresCluster(layout) if "postgres" in embedded else None
        self._database_use = locks.Use(layout.run / "postgres.use")

    def run(self, after_start: Callable[["Supervisor"], None]) -> None:
        """Start, call ``after_start``, watch until asked to stop, stop.

        Raises:
            CannotStart: with the reason; everything that was started is stopped again.
        """
        check_var(self.layout.root)
        self._take_lock()
        try:
            self.events.listen()
            listening = port.listen(self.options.host, self.options.port)
            self._reap()
            self._start_all(listening)
            after_start(self)
            while True:
                self.tick()
        except StopRequested:
            self.say("Stopping ...")
        except OSError as error:
            raise CannotStart(explain(error, self.layout.root)) from error
        finally:
            self._stop_all()
            self._lock.release()

    def step(self, name: str, *arguments: str) -> tuple[int, str]:
        """Run one management command to its end while watching the others; return its code and output."""
        log_path = self.layout.log / f"{name}.log"
        rotate(log_path)
        command = [sys.executable, str(plan.CODE_DIR / "manage.py"), *arguments]
        # What it prints may hold credentials, so it goes to an unnamed file.
        with tempfile.TemporaryFile() as output, log_path.open("ab") as log:
            options = plan.python_options(self.layout)
            process = subprocess.Popen(
                command, stdout=output, stderr=log, preexec_fn=tied_to_parent(signal.SIGKILL), **options
            )
            try:
                while process.poll() is None:
                    self.tick()
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            output.seek(0)
            return process.returncode, output.read().decode(errors="replace")

    def tick(self, wait_s: float = WATCH_INTERVAL_S) -> None:
        """Look after every child once, then wait a little.

        Raises:
            StopRequested: a stop signal has come.
        """
        for child in self.children:
            if child.process is not None and child.has_ended():
                child.clear()
                delay_s = child.plan_restart()
                self.say(
                    f"{child.spec.name} stopped ({child.exit_text}); starting it again in {delay_s:g} s. "
                    f"{last_line(child.log_path)}"
                )
            elif child.restart_at is not None and time.monotonic() >= child.restart_at:
                self._launch(child)
                self.say(f"{child.spec.name} started again")
        self.events.wait(wait_s)
        if self.events.stop_requests:
            raise StopRequested

    def _take_lock(self) -> None:
        if not self._lock.take():
            try:
                holder = json.loads(self._lock.description())
                who = f"process {holder['pid']}, {holder['url']}, since {holder['since']}"
                how = f"Stop it with Ctrl-C in its terminal or: kill {holder['pid']}"
            except (ValueError, KeyError):
                who, how = "it is just starting or stopping", "Try again in a moment"
            raise CannotStart(
                f"Already running on {self.layout.root} ({who}). {how} - or use another folder and port: "
                "RATERAPP_VAR=/path python manage.py up --port N"
            )
        since = datetime.now(UTC).isoformat(timespec="seconds")
        self._lock.describe(
            json.dumps({"pid": os.getpid(), "url": plan.web_url(self.options), "since": since})
        )

    def _reap(self) -> None:
        used = self._cluster.running() if self._cluster and locks.in_use(self._cluster.use_path) else None
        count = leftovers.reap(self.layout, keep=frozenset({used.pid} if used else ()))
        if count:
            self.say(f"Cleared {count} processes that an earlier start had left.")

    def _start_all(self, listening: socket.socket) -> None:
        started_at = time.monotonic()
        if self._cluster is not None:
            if not (self._cluster.data_dir / "PG_VERSION").exists():
                self.say(f"Making the database in {self._cluster.data_dir} ...")
            with locks.exclusive(self._cluster.mutex_path):
                # Begun after adoption is decided, else our own use would look like somebody else's.
                child = self._begin(plan.postgres_spec(self._cluster))
                self._database_use.begin()
                self._await_ready(child)
                self._cluster.ensure_database()
        if "valkey" in self.embedded:
            self._await_ready(self._begin(plan.valkey_spec(ValkeyServer(self.layout))))
        code, _ = self.step("migrate", "migrate", "--no-input")
        if code != 0:
            raise CannotStart(f"The migrations failed. {last_line(self.layout.log / 'migrate.log')}")
        web = self._begin(plan.web_spec(self.layout, self.options, listening))
        self._begin(plan.worker_spec(self.layout, queue="light", processes=2, nice=0, tasks_per_process=200))
        self._begin(
            plan.worker_spec(
                self.layout, queue="training", processes=1, nice=plan.TRAINING_NICE, tasks_per_process=1
            )
        )
        self._begin(plan.beat_spec(self.layout))
        self._await_ready(web)
        self.say(f"Ready in {time.monotonic() - started_at:.1f} s. Logs: {self.layout.log}")

    def _begin(self, spec: ChildSpec) -> Child:
        child = Child(spec, self.layout.log / f"{spec.name}.log", self.layout.run / f"{spec.name}.json")
        rotate(child.log_path)
        self.children.append(child)
        self._launch(child)
        return child

    def _launch(self, child: Child) -> None:
        child.start()
        if child.process is not None and child.is_adopted:
            self.say(f"{child.spec.name} was running already (process {child.process.pid}); joined it")

    def _await_ready(self, child: Child) -> None:
        """Wait until the child answers; a child that cannot even start ends the whole start."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while not (child.spec.ready and child.process is not None and child.spec.ready()):
            if child.process is not None and child.has_ended() and child.spec.on_early_end:
                child.spec.on_early_end()
            if child.failures >= STARTS_BEFORE_GIVING_UP or time.monotonic() > deadline:
                raise CannotStart(f"{child.spec.name} does not start. {last_line(child.log_path)}")
            self.tick(wait_s=0.05)
        child.is_ready = True

    def _stop_all(self) -> None:
        """Stop in the reverse of need: clock, pages and workers together, then broker, then database."""
        by_name = {child.spec.name: child for child in self.children}
        for names in (("beat",), ("web", "light", "training"), ("valkey",), ("postgres",)):
            self._stop([by_name[name] for name in names if name in by_name])
        self._database_use.end()

    def _stop(self, children: list[Child]) -> None:
        requests_before = self.events.stop_requests
        waits = {child.spec.name: list(child.spec.stop) for child in children}
        deadlines = dict.fromkeys(waits, 0.0)
        left = [child for child in children if child.process is not None]
        while left:
            for child in left:
                steps = waits[child.spec.name]
                impatient = self.events.stop_requests > max(requests_before, 1)
                if impatient or time.monotonic() >= deadlines[child.spec.name]:
                    if steps and not impatient:
                        stop_signal, grace_s = steps.pop(0)
                        child.send(stop_signal)
                        deadlines[child.spec.name] = time.monotonic() + grace_s
                    else:
                        child.kill_group()
            self.events.wait(0.05)
            for child in list(left):
                if child.has_ended():
                    child.clear()
                    left.remove(child)
