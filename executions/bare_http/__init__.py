"""HTTP requests with the headers that are asked for and no others (contracts/mender.md, section 7).

What goes over the wire is what Go's client sends, in its order: Host, ``User-Agent: Go-http-client/1.1``,
Content-Length for a body or for a POST, PUT or PATCH without one, the headers that are asked for, sorted, and
``Accept-Encoding: gzip``. Up to ten redirects are followed. Connections are guarded as all outbound ones are
(``executions.outbound``), and kept.

``addresses`` reads URLs, ``writing`` writes requests, ``answers`` reads answers, ``connections`` keeps connections,
``sending`` puts it together. The libraries for this decide too much by themselves, and take several times as long.
"""

from executions.bare_http.answers import Answer
from executions.bare_http.sending import MAX_REDIRECTS, NoAnswer, send

__all__ = ["MAX_REDIRECTS", "Answer", "NoAnswer", "send"]
