"""Users' own destinations: /user/queue/… is a channel of each session, which nobody else can name or match. It is not
among the queues: /queue/…-user{session} is only how it is written."""

from __future__ import annotations

import re

from labs.broker.destinations import compile_pattern, is_pattern
from labs.broker.ledger import Ledger
from labs.broker.message import Message
from labs.broker.session import Session
from labs.broker.subscription import Subscription


class Users:
    """Who is here, with which sessions, and what these listen to."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._sessions: dict[str, Session] = {}
        self._by_user: dict[str, dict[str, Session]] = {}
        self._channels: dict[str, dict[Subscription, str | re.Pattern[str]]] = {}

    def enter(self, session: Session) -> None:
        """It is connected."""
        self._sessions[session.id] = session
        if session.user is not None:
            self._by_user.setdefault(session.user, {})[session.id] = session

    def leave(self, session: Session) -> None:
        """It is gone; what it listened to, too."""
        if self._sessions.pop(session.id, None) is None:
            return
        self._channels.pop(session.id, None)
        if session.user is not None:
            sessions = self._by_user[session.user]
            del sessions[session.id]
            if not sessions:
                del self._by_user[session.user]

    def is_here(self, session_id: str) -> bool:
        """Whether that session is connected."""
        return session_id in self._sessions

    def subscribe(self, subscription: Subscription, channel: str) -> None:
        """It listens to a channel (/queue/x), or a pattern of them, of its own session."""
        listening = self._channels.setdefault(subscription.session.id, {})
        listening[subscription] = compile_pattern(channel) if is_pattern(channel) else channel

    def unsubscribe(self, subscription: Subscription) -> None:
        """It listens no more."""
        self._channels.get(subscription.session.id, {}).pop(subscription, None)

    def reached(self, name: str) -> list[Session]:
        """All sessions of the user of that name, or the one session that has that id."""
        if name in self._by_user:
            return list(self._by_user[name].values())
        session = self._sessions.get(name)
        return [] if session is None else [session]

    def publish(self, message: Message, channel: str, sessions: list[Session]) -> None:
        """To whatever listens to that channel in each of `sessions`."""
        for session in sessions:
            for subscription, listened in self._channels.get(session.id, {}).items():
                if listened == channel if isinstance(listened, str) else listened.fullmatch(channel):
                    self._ledger.deliver(subscription, message)
