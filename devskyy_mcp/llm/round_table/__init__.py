"""The round table: several models answer one brief, others judge blindly, and the best answer is picked.

``brief`` freezes what is asked; ``drafts`` collects answers with quorum and grace; ``checks`` disqualifies by facts;
``panel`` has the rest judged; ``decide`` picks; ``learn`` remembers who won. All but ``rounds`` and ``store`` is pure.
"""
