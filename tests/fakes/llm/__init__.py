"""Language models on loopback: one server that speaks the wire formats of all six providers, and says what it is told.

async with speaking() as models:
    models.say(Answer(calls=(Called("shop_orders_list", {"limit": 5}),)), Answer("Five orders."))
    ...                                        # an adapter whose address is models.url("anthropic")
    assert models.asked[1].results == ["…"]    # what the tool gave, as the wire carried it
"""
