"""Many bots at once, taking turns so that each gets its share of the work."""

import queue
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from annotations.bots.journey import BotJourney


@dataclass(frozen=True, slots=True)
class CrowdReport:
    """What a crowd did. ``judged`` has one count per bot that got in."""

    judged: tuple[int, ...]
    turned_away: int
    seconds: float


def run_crowd(bots: Sequence[BotJourney], *, threads: int) -> CrowdReport:
    """Let all bots in, then have them judge one comparison a turn until no work is left for any.

    Raises:
        BotStuckError, httpx.HTTPError: the first failure of any bot, after the others have stopped.
    """
    began = time.monotonic()
    turns: queue.SimpleQueue[BotJourney] = queue.SimpleQueue()
    with ThreadPoolExecutor(threads, thread_name_prefix="bot") as pool:
        entered = list(pool.map(BotJourney.enter, bots))
        inside = [bot for bot, is_in in zip(bots, entered, strict=True) if is_in]
        for bot in inside:
            turns.put(bot)
        for worker in [pool.submit(_take_turns, turns) for _ in range(threads)]:
            worker.result()
    return CrowdReport(
        judged=tuple(bot.judged for bot in inside),
        turned_away=len(bots) - len(inside),
        seconds=time.monotonic() - began,
    )


def _take_turns(turns: "queue.SimpleQueue[BotJourney]") -> None:
    while True:
        try:
            bot = turns.get_nowait()
        except queue.Empty:
            return
        if bot.judge_next():
            turns.put(bot)
