"""The steps of `mirada.search.query.parse`, which names them in their order."""
