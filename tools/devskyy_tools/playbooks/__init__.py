"""Playbooks: what people do again and again in a shop, each as one tool."""
