"""``python -m devskyy_mcp`` is ``devskyy``."""

if __name__ == "__main__":
    # Within, and by the whole name: processes for heavy work run this file again, under another name and in no package.
    import sys

    from devskyy_mcp.cli import main

    sys.exit(main())
