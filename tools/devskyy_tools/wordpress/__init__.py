"""WordPress: posts, pages, media, categories, tags, search, the site."""
