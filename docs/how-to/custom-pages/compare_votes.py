"""Vote for one of two translations without knowing whose it is; the votes are counted."""

import random
from collections import Counter

from tallymark import recipe

PAIRS = [
    {"input": "Das ist ein starkes Stück.", "old": "This is a strong piece.", "new": "That is a bit much."},
    {"input": "Ich drücke dir die Daumen.", "old": "I press your thumbs.", "new": "Fingers crossed."},
]


def blind(pairs, seed=7):
    """The outputs in an order of chance; `mapping` says afterwards which was which."""
    chance = random.Random(seed)
    for pair in pairs:
        first, second = chance.sample(["old", "new"], 2)
        yield {
            "input": pair["input"],
            "accept": pair[first],
            "reject": pair[second],
            "mapping": {"accept": first, "reject": second},
        }


@recipe("pages.compare_votes")
def compare_votes(dataset: str):
    """Accept: the first is better. Reject: the second is."""
    votes = Counter()

    def update(answers):
        for answer in answers:
            votes[answer["mapping"].get(answer["answer"], "neither")] += 1

    return {
        "dataset": dataset,
        "view_id": "compare",
        "stream": list(blind(PAIRS)),
        "update": update,
        "on_exit": lambda ctrl: print(dict(votes)),
        "config": {"feed_overlap": True},
    }
