"""Work that outlives its call and its process. Packs see ``Job``; everything else is behind ``Jobs``."""
