"""Models that run elsewhere: any server that speaks OpenAI's protocol for pictures and texts.

`plugins.py` is what mirada loads; `service.py` asks, `ledger.py` keeps answers and the budget,
`client.py` speaks to the server, `prompts.py` and `answers.py` say what is asked and understood.
"""
