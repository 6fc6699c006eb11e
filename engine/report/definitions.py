"""What every measure is called and what it means, in the order of `metrics.RUN`."""

from typing import Final, NamedTuple


class _MeasureText(NamedTuple):
    """A measure's name for people and its definition."""

    label: str
    definition: str


MEASURES: Final[dict[str, _MeasureText]] = {
    name: _MeasureText(label, definition)
    for name, label, definition in (
        ("sessions_count", "Sessions", "Times that buyers opened the app to watch."),
        ("lost_sessions_count", "Lost sessions", "Sessions of a gone anchor's fans, kept away."),
        ("feed_sessions_count", "Feed sessions", "Sessions that the public feed filled."),
        ("looks_count", "Looks", "Sessions in which the buyer looked at the goods."),
        ("orders_count", "Orders", "Accepted orders."),
        ("expected_orders_count", "Expected orders", "Sum of the probabilities to order."),
        (
            "gmv_fen",
            "GMV at list price",
            (
                "Price times quantity of accepted orders, before coupons and returns."
                " Any subsidy lifts it."
            ),
        ),
        (
            "gmv_paid_fen",
            "GMV as paid",
            (
                "What buyers paid for accepted orders, after coupons and before returns."
                " The target is set against it."
            ),
        ),
        (
            "expected_gmv_paid_fen",
            "Expected GMV as paid",
            "GMV as paid with each order weighed by its probability: less noise, same mean.",
        ),
        ("returned_fen", "Returned GMV", "GMV at list price of what was sent back."),
        ("returned_paid_fen", "Refunds", "What buyers got back for what they sent back."),
        ("net_gmv_fen", "Net GMV", "GMV at list price less what was returned."),
        (
            "subsidy_fen",
            "Subsidy",
            "Coupons paid by the platform itself; a partner's part is not in it.",
        ),
        ("partner_subsidy_fen", "Partner's subsidy", "Coupons paid by the retail partner."),
        ("commission_fen", "Commission", "What sellers pay anchors for their orders."),
        ("take_fen", "Take", "The platform's fee on orders, before advertising."),
        ("supplier_income_fen", "Sellers' income", "What is left to sellers of their orders."),
        ("refunded_subsidy_fen", "Subsidy returned", "Own coupons that came back with returns."),
        ("refunded_take_fen", "Take returned", "The platform's fee on returned orders."),
        ("ads_fen", "Advertising", "What suppliers pay for places in the feed."),
        ("recruiting_fen", "Recruiting", "What the platform spends to bring suppliers in."),
        (
            "incubation_fen",
            "Incubation",
            "What the platform spends to make its own brands known.",
        ),
        ("investment_fen", "Investment", "What the platform invests in supply chains."),
        (
            "platform_contribution_fen",
            "Contribution",
            (
                "Take and advertising less own coupons, recruiting, incubation and investment,"
                " net of returns."
            ),
        ),
        (
            "leaked_orders_count",
            "Leaked orders",
            "Orders that external links led out of the shop: no GMV, no coupon.",
        ),
        (
            "refused_coupons_count",
            "Refused coupons",
            "Coupons that the purse could not pay any more.",
        ),
        ("stock_outs_count", "Stock-outs", "Orders lost because the stock was gone."),
        (
            "private_gmv_fen",
            "GMV from followers",
            "GMV at list price sold to an anchor's followers.",
        ),
        ("tier12_gmv_fen", "GMV in tiers 1 and 2", "GMV at list price in the largest cities."),
        (
            "brand_gmv_paid_fen",
            "Brands' GMV as paid",
            "GMV as paid of domestic and multinational brands and the retail partner.",
        ),
        (
            "platform_brand_gmv_paid_fen",
            "Platform brands' GMV as paid",
            "GMV as paid of the brands that grew on the platform.",
        ),
        (
            "elsewhere_fen",
            "Price elsewhere",
            "What the same orders would have cost on other platforms.",
        ),
        ("head_gmv_fen", "Heads' GMV", "Expected GMV of the largest anchors."),
        ("waist_gmv_fen", "Waist's GMV", "Expected GMV of the anchors of middling size."),
        ("tail_gmv_fen", "Tail's GMV", "Expected GMV of the small anchors."),
        (
            "brand_account_gmv_fen",
            "Brand accounts' GMV",
            "Expected GMV of streams that brands hold themselves.",
        ),
        ("cost_fen", "Net cost", "Minus the platform contribution."),
        ("aov_fen", "Order value", "GMV at list price per order."),
        (
            "take_share",
            "Take rate",
            "Take, net of returns, and advertising as a share of GMV at list price.",
        ),
        ("return_share", "Return share", "Share of GMV that was returned."),
        (
            "brand_share",
            "Brand share",
            "Share of domestic and multinational brands and the retail partner in GMV as paid.",
        ),
        (
            "platform_brand_share",
            "Platform brands",
            "Share of the brands that grew on the platform in GMV as paid.",
        ),
        (
            "brand_account_share",
            "Brand accounts",
            "Share of streams that brands hold themselves in expected GMV.",
        ),
        (
            "waist_tail_share",
            "Waist and tail",
            "Share of all but the largest anchors in expected GMV.",
        ),
        (
            "tier12_gmv_share",
            "Tiers 1 and 2",
            "Share of buyers in the largest cities in GMV at list price.",
        ),
        (
            "joined_suppliers_share",
            "Suppliers joined",
            "Share of all suppliers that sell on the platform at the year's end.",
        ),
        (
            "price_ratio_share",
            "Price to elsewhere",
            "GMV as paid over what the same orders would have cost elsewhere.",
        ),
        ("private_share", "Private share", "Share of GMV sold to followers."),
        (
            "private_repeat_share",
            "Private repeats",
            "Share of repeated orders that were made as a follower.",
        ),
        ("top1_share", "Top-1 share", "Share of the largest anchor in the year's GMV."),
        ("top10_share", "Top-10 share", "Share of the ten largest anchors in the year's GMV."),
        (
            "top100_share",
            "Top-100 share",
            "Share of the hundred largest anchors in the year's GMV.",
        ),
        ("gini", "Gini", "Inequality of GMV over anchors: 0 all equal, 1 one sells all."),
        ("hhi", "HHI", "Sum of the anchors' squared shares in GMV."),
        (
            "new_heads_count",
            "New heads",
            "Anchors among the largest 20 of the last month that were not among them in the first.",
        ),
        ("dau_mean_count", "Daily users", "Mean daily active users."),
        (
            "dau_change_share",
            "DAU change",
            "Mean daily active users against the published path at the historical load.",
        ),
        ("target_fen", "Goal", "GMV as paid that the year should reach."),
        (
            "target_attained",
            "P(reach target)",
            "Share of the simulated years in which GMV as paid ends at or above the target.",
        ),
        ("attainment_share", "Attainment", "GMV as paid as a share of the goal."),
        ("budget_fen", "Budget", "The platform's purse for coupons over the horizon."),
        (
            "budget_spent_share",
            "Budget spent",
            "Subsidy as a share of the platform's purse for the horizon.",
        ),
        (
            "cap_binding_share",
            "Capped orders",
            "Share of orders whose price the brand plan's cap had lowered.",
        ),
        (
            "coupon_short_days_count",
            "Days short of coupons",
            "Days on which the purse had to refuse a coupon.",
        ),
        (
            "push_mean_share",
            "Push",
            "Mean push of the controller that chases the target: 0 on its path.",
        ),
        ("wall_s", "Run time", "Seconds that a simulated year took."),
        (
            "incremental_gmv_paid_per_subsidy_rmb",
            "GMV as paid per RMB of subsidy",
            (
                "Gain in GMV as paid over gain in subsidy, both against the baseline, with"
                " Fieller's interval. It is the subsidy's own only where the two policies"
                " differ in nothing else."
            ),
        ),
    )
}
