"""Rounds: which nodes run the workers of a job together, agreed through the store that one of their agents keeps.

A round begins when enough nodes have come, and ends when workers fail, when all succeed, when a node is lost, or when another one wants to take part; whoever
notices writes down why, and all nodes meet in the next round. A node that comes in the middle of a round waits for the next.
"""

import json
import time
import uuid
from dataclasses import dataclass

from jtorch.distributed.store import DistNetworkError, DistStoreError, Store

_PAUSE = 0.05


@dataclass(frozen=True)
class Terms:
    """How many nodes a job takes, and how long they wait for each other, in seconds."""

    least: int
    most: int
    join_timeout: float = 600
    last_call: float = 30  # once there are enough, for those that are still on their way
    silence: float = 15  # after which a node is taken for lost


@dataclass(frozen=True)
class Round:
    """One round, as a node sees it: its number among `nodes`, the workers before its own, and all of them."""

    number: int
    node: int
    nodes: int
    first: int
    world: int
    restarts: int


class Rounds:
    """A node's part in the rounds of a job. Nodes are numbered as they come, or by `node_rank`."""

    def __init__(self, store: Store, terms: Terms, node_rank: int | None, workers: int):
        self._store, self.terms, self._rank, self._workers = store, terms, node_rank, workers
        self._name = uuid.uuid4().hex
        self._number = self._restarts = 0
        self._seen: dict[int, tuple[bytes, float]] = {}
        self._looked = 0.0
        self._beats = 0

    def join(self) -> Round | None:
        """Take part in the next round; None when the job is over."""
        while True:
            while (ended := self.ended(self._number)) is not None:
                if ended["over"]:
                    return None
                self._number, self._restarts = self._number + 1, ended["restarts"]
            place = self._place()
            if place == 0:
                self._open()
            nodes = self._nodes()
            if place is not None and place < nodes:
                self._seen.clear()
                counts = [int(json.loads(self._store.get(self._key(f"node/{i}")))[1]) for i in range(nodes)]
                return Round(self._number, place, nodes, sum(counts[:place]), sum(counts), self._restarts)
            try:
                self._store.add(self._key("waiting"), 1)
                while self.ended(self._number) is None:
                    time.sleep(_PAUSE)
            except DistNetworkError:  # the node that keeps the store has left: the job has ended without this one
                return None

    def _key(self, name: str) -> str:
        return f"{self._number}/{name}"

    def _place(self) -> int | None:
        """This node's number in the round; None where a node of this number is there."""
        arrived = self._store.add(self._key("arrived"), 1) - 1
        place = arrived if self._rank is None else self._rank
        about = json.dumps([self._name, self._workers])
        return place if self._store.compare_set(self._key(f"node/{place}"), "", about) == about.encode() else None

    def _open(self) -> None:
        """Wait for enough nodes, and a while for more; then tell how many take part."""
        terms, key = self.terms, self._key("arrived")
        end = time.monotonic() + terms.join_timeout
        while (count := self._store.add(key, 0)) < terms.least:
            if time.monotonic() > end:
                raise DistStoreError(
                    f"{count} of {terms.least} nodes have joined the job within {terms.join_timeout:g} s"
                )
            time.sleep(_PAUSE)
        end = time.monotonic() + terms.last_call
        while count < terms.most and time.monotonic() < end:
            time.sleep(_PAUSE)
            count = self._store.add(key, 0)
        self._store.set(self._key("nodes"), str(min(count, terms.most)))

    def _nodes(self) -> int:
        end = time.monotonic() + self.terms.join_timeout + self.terms.last_call
        while not self._store.check([self._key("nodes")]):
            if time.monotonic() > end:
                raise DistStoreError(
                    f"fewer than {self.terms.least} nodes have joined the job within {self.terms.join_timeout:g} s"
                )
            time.sleep(_PAUSE)
        return int(self._store.get(self._key("nodes")))

    def ended(self, number: int) -> dict | None:
        """Why a round has ended, or None while it has not."""
        key = f"{number}/ended"
        return json.loads(self._store.get(key)) if self._store.check([key]) else None

    def end(
        self, current: Round, why: str, over: bool = False, failed: bool = False, failures: list | None = None
    ) -> dict:
        """End a round; returns why it has ended, which another node may have told before."""
        about = {
            "why": why,
            "over": over,
            "restarts": current.restarts + (failed and not over),
            "failures": failures or [],
        }
        found = self._store.compare_set(f"{current.number}/ended", "", json.dumps(about))
        return json.loads(found)

    def succeeded(self, current: Round) -> None:
        """All workers of this node have ended well."""
        if self._store.add(f"{current.number}/succeeded", 1) == current.nodes:
            self.end(current, "all workers have succeeded", over=True)

    def someone_waits(self, current: Round) -> bool:
        """Whether another node would take part, and may."""
        return (
            current.nodes < self.terms.most
            and self._store.check([f"{current.number}/waiting"])
            and not self._store.check([f"{current.number}/succeeded"])
        )

    def lost(self, current: Round) -> list[int]:
        """Nodes that give no sign of life; this one gives one."""
        now = time.monotonic()
        if now - self._looked < min(1.0, self.terms.silence / 5):
            return []
        self._looked, self._beats = now, self._beats + 1
        self._store.set(f"{current.number}/beat/{current.node}", str(self._beats))
        lost = []
        for node in set(range(current.nodes)) - {current.node}:
            key = f"{current.number}/beat/{node}"
            beat = self._store.get(key) if self._store.check([key]) else b""
            before, since = self._seen.get(node, (None, now))
            if beat != before:
                self._seen[node] = (beat, now)
            elif now - since > self.terms.silence:
                lost.append(node)
        return lost

    def leave(self, current: Round, keeps_store: bool) -> None:
        """The node that keeps the store is the last to go; it does not wait for one that is lost."""
        try:
            left = self._store.add(f"{current.number}/left", 1)
            end = time.monotonic() + self.terms.silence
            while keeps_store and left < current.nodes and time.monotonic() < end:
                time.sleep(_PAUSE)
                left = self._store.add(f"{current.number}/left", 0)
        except DistNetworkError:
            return  # the store has gone first: its node was told to end
