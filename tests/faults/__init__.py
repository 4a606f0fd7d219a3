"""Every step of every write, broken: killed, without room, or told of an I/O error.

``strace`` counts the system calls of a child process from outside and
breaks one of them; there is no hook for it in the gallery. A test says
which operation (``operations``), a fork server does it in a child
(``forkserver``), the calls are read from its trace (``tracing``), and what
is there afterwards is held against what was acknowledged (``verdict``).
"""
