"""`hazri-edge setup`: what a technician does at a machine, step by step, on a chair with a phone in the other hand.

    said.py    what a step says: findings with "what now", pictures
    words.py   titles and advice, in Hindi and English
    sensing.py reach.py joining.py rescue.py    the steps: what each tries, and how it is judged
    steps.py   all of them in their order
    blocks.py  pure: a picture as characters
    plain.py   a step as lines, for scripts and for narrow consoles
    app.py     all steps as pages of a text interface (Textual; the extra `setup`)

A step knows nothing of how it is shown. It may be left at any time, and done again.
"""
