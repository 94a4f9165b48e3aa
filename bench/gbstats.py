"""GrowthBook's gbstats on one experiment's sums: JSON in on stdin, JSON out on stdout.

Called by bench/statistics.ts, which makes the environment this runs in. Values are gbstats' own; times are
microseconds a call, the median of five rounds.
"""

import json
import sys
import time
from statistics import median

from gbstats.frequentist.tests import (
    FrequentistConfig,
    SequentialConfig,
    SequentialTwoSidedTTest,
    TwoSidedTTest,
)
from gbstats.models.statistics import RatioStatistic, SampleMeanStatistic
from gbstats.utils import check_srm


def mean_of(arm):
    return SampleMeanStatistic(n=arm["users"], sum=arm["y"], sum_squares=arm["yy"])


def ratio_of(arm):
    return RatioStatistic(
        n=arm["users"],
        m_statistic=mean_of(arm),
        d_statistic=SampleMeanStatistic(
            n=arm["users"], sum=arm["n"], sum_squares=arm["nn"]
        ),
        m_d_sum_of_products=arm["yn"],
    )


def microseconds(calculate, calls):
    rounds = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(calls):
            calculate()
        rounds.append((time.perf_counter() - began) / calls * 1e6)
    return median(rounds)


def shown(result):
    return {
        "value": float(result.expected),
        "lower": float(result.ci[0]),
        "upper": float(result.ci[1]),
        "standardError": float(result.uplift.stddev),
        "p": float(result.p_value),
    }


def main():
    asked = json.load(sys.stdin)
    control, treatment = asked["control"], asked["treatment"]
    tuning = asked["tuning"]

    def means():
        config = FrequentistConfig(difference_type="absolute")
        return TwoSidedTTest(
            mean_of(control), mean_of(treatment), config
        ).compute_result()

    def ratios():
        config = FrequentistConfig(difference_type="absolute")
        return TwoSidedTTest(
            ratio_of(control), ratio_of(treatment), config
        ).compute_result()

    def sequential():
        config = SequentialConfig(
            difference_type="absolute", sequential_tuning_parameter=tuning
        )
        return SequentialTwoSidedTTest(
            ratio_of(control), ratio_of(treatment), config
        ).compute_result()

    def split():
        return check_srm([control["users"], treatment["users"]], asked["shares"])

    calls = asked["calls"]
    json.dump(
        {
            "means": {**shown(means()), "us": microseconds(means, calls)},
            "ratios": {**shown(ratios()), "us": microseconds(ratios, calls)},
            "sequential": {**shown(sequential()), "us": microseconds(sequential, calls)},
            "split": {"p": float(split()), "us": microseconds(split, calls)},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
