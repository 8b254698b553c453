"""Finding things by what people say, offline: by words, and by meaning with the extra ``[find]``."""
