"""Local work on pictures: every size, steps of editing, what a picture shows, likeness, sheets."""
