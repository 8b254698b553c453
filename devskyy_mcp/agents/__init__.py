"""Specialists written as Markdown: loaded strictly, offered as prompts and resources, found by what people say."""
