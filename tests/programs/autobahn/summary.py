"""summary.py ROLE CASES INDEX: what a run of Autobahn came to, group by group.

Fails unless there are so many cases, and each is OK or INFORMATIONAL, its close too.
"""

import json
import sys
from collections import Counter

GOOD = {"OK", "INFORMATIONAL"}


def main(role, expected, index):
    with open(index) as file:
        ((_, cases),) = json.load(file).items()
    groups = {}
    for case, result in cases.items():
        group = groups.setdefault(int(case.split(".")[0]), Counter())
        group[result["behavior"]] += 1
        verdicts = {result["behavior"], result["behaviorClose"]}
        if not verdicts <= GOOD:
            print(f"{role}: {case}: {', '.join(sorted(verdicts))}")
            group["bad"] += 1
    for number, group in sorted(groups.items()):
        counts = ", ".join(f"{name} {count}" for name, count in sorted(group.items()))
        print(f"{role}: {number}.*: {counts}")
    bad = sum(group["bad"] for group in groups.values())
    print(f"{role}: {len(cases)} of {expected} cases, {bad} neither OK nor INFORMATIONAL")
    return len(cases) != int(expected) or bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
