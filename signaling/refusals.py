"""A request that we understood and will not carry out."""


class Refused(Exception):
    """`code` is stable and for programs, the text is one sentence for a person, `retry_after` is in seconds.

    Which codes exist, and which HTTP status each has: `signaling.http.problems`.
    """

    def __init__(self, code: str, detail: str, *, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
