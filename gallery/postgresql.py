"""Connections to PostgreSQL that hang up on a server which says nothing.

The server's own limits end what takes too long there. A server that is
stopped, or asleep, keeps none of them: its lines stay open, the machine
goes on confirming what is sent, and who asked would wait for ever.
"""

from typing import Any, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

T = TypeVar("T")


class PatientConnection(Connection[Any]):
    """A connection whose server has ``answers_within_seconds`` for each answer; None is for ever.

    A line on which no answer came is closed: the next question would get the
    answer to this one.
    """

    answers_within_seconds: float | None = None

    def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        """Wait for an answer (psycopg calls this for all that it asks).

        Raises:
            OperationalError: it did not come in time.
        """
        try:
            return super().wait(gen, *args, **{"timeout": self.answers_within_seconds} | options)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
