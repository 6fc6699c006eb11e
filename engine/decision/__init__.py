"""From today: what each target costs, what reaches it, how surely, and what is left of it.

The question of a policy team on `decision_date`, for the rest of the year. Its answer is made of
parts that know no search: each takes runs that were simulated, or lists those to simulate.

1.  *The past.* Until the date `history` was in force; it is simulated once per world,
    population and run seed, and every candidate goes on from a copy (`engine.market.run`).
    Purse, target path and dated levers of candidates begin on the date.
2.  *Worlds.* What is known by the date weighs the plausible worlds by their past (`weights`): a
    figure counts whose period has ended, and that is no check. Where few worlds carry the weight
    the answer says so, and it is given again with each world left out (`robustness`).
3.  *Candidates.* Whatever finds them (a search, a baseline, an earlier study), all are
    treated alike: levers that cannot act take today's values (`inert`), and what is left names the
    policy (`names`). Today's policy is the one in force carried on, not a year without any policy.
4.  *Confirmation.* Every policy that may be a row is simulated on fresh seeds in every world,
    beside today's under the same seeds: GMV as paid, and net cost beyond today's, by world and
    replication (`price_table.ConfirmedPolicy`).
5.  *Prices.* For each target the cheapest of all that was confirmed and reaches it with the asked
    probability (`price_table`), as a row with what it costs over worlds, the next RMB, the worst
    world and what binds. A level that nothing reaches is a row too.
6.  *Recommendation.* The cheapest that reaches the goal (`recommended`), never the highest sales;
    if doing nothing more is enough, those words, what it holds, and the price of the next step.
    `value_of_gmv` moves it, and the value from which the next step would pay is stated.
7.  *Why.* Each difference of the recommended policy from today's has its own effect, without the
    others and beside them, signed and with an interval (`attribution`).
8.  *Beyond the year.* What a policy is worth with what it leaves behind, if today's follows, over
    0, 90 and 365 days, from when on it pays and whether that has run off (`value`); and what the
    shape of its target path brings beyond a straight one: both in `beyond`.

All policies and all worlds of a replication meet the same random numbers. So what is uncertain
of any mean is its spread over replications, and what worlds differ in is shown, not averaged away.
"""
