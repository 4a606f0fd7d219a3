"""Attacks that are held, over real HTTP, and the same after-check each time (``siege.py``).

| attack | where |
|---|---|
| paths and names | ``test_paths`` |
| lines of the log, by whatever is sent | ``test_log_lines``, ``test_logs`` |
| the terminal of an operator | ``test_terminal`` |
| stored and reflected XSS | ``test_stored_texts``, ``browser/test_hostile_texts`` |
| the Host header, forwarded ones, open redirects | ``test_hosts``, ``views/test_auth`` |
| session fixation, copied and planted cookies | ``test_session_fixation`` |
| CSRF on every route that writes | ``views/access/test_forgery`` |
| IDOR on every route, by id, key, lease, cursor, condition | ``views/access`` |
| mass assignment on every route that writes | ``test_extra_members`` |
| signed links | ``test_signed_links``, ``views/test_downloads``, ``services/test_links`` |
| forged access tokens | ``test_forged_tokens`` |
| limits and forged origins | ``test_forged_origins``, ``views/test_rate_limits`` |
| SSRF, where a provider answers with an address | ``generators/test_fetching`` |
| slow senders | ``test_slow_senders`` |

Nothing here writes CSV, a feed, Open Graph tags or JSON inside of a script; ``dom.dangers``
fails where a page has a script with content.
"""
