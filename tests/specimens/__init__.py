"""One table of specimens: valid arguments for every tool, which all tests over all tools call them with.

A new write tool needs one line in ``writes.ARGUMENTS``; a tool that reads needs one in ``reads.ARGUMENTS`` only where
it has required arguments that can't be found (``reads.given_by_itself``).
"""
