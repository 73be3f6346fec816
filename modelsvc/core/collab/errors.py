"""What can be wrong with ratings and embeddings."""


class UnknownIdError(KeyError):
    """A viewer or item that the embeddings hold no vector for: cold ids get no invented vector."""

    def __init__(self, kind: str, external_id: str) -> None:
        super().__init__(f"unknown {kind} id {external_id!r}: it has no collaborative-filtering vector")
        self.kind = kind
        self.external_id = external_id

    def __str__(self) -> str:
        return str(self.args[0])


class RatingsError(ValueError):
    """Ratings that cannot be factorized; the message names the file or column and the row."""


class EmbeddingsFileError(ValueError):
    """A saved embeddings folder that is incomplete or inconsistent; the message names the file."""
