"""What DevSkyy's own plugin adds to a WordPress; ``wordpress/plugin/`` is its source."""

from __future__ import annotations

from .base import Collection, fields

REDIRECTS = Collection(
    "redirects", "devskyy", "redirects", "redirect", trash=True, key="source", title="source",
    cannot_undo={"force": "the redirect is gone for good"},
)  # fmt: skip
SEO = Collection("seo", "wp", "{type}", "SEO fields", text_ids=fields("type"), title="title")
"""The field ``devskyy_seo`` of an object or term, by the name of its type or taxonomy in addresses."""
PRIVACY = Collection("privacy", "devskyy", "privacy", "personal data", single=True, texts="outside")
"""Only acted on: ``erase``."""
MODELS = Collection("product_models", "devskyy", "models", "3D model of product")
"""The 3D model of a product, by the product's id; all empty where it has none."""
VARIANT_TESTS = Collection(
    "variant_tests", "devskyy", "tests", "test on the shop", id_field="key", text_ids=fields("id"),
    volatile=fields("variants"),
)  # fmt: skip
"""Tests of variants of product pages, and what was counted; by the experiment's name."""
