"""Finding things by what people say: the one retriever, offline and without a model."""
