"""What published figures are called for people: their keys in words."""

import re
from typing import Final

_WORDS: Final = {
    "gmv": "GMV",
    "order_value": "order value",
    "repeat_rate": "buyers who buy again",
    "take_share": "take rate",
    "tier12_share": "buyers in large cities",
    "rank_size_exponent": "exponent of the anchors' ranking",
    "fans_log_sd": "spread of fans over anchors",
    "private_repeat_share": "repeated orders as a follower",
    "stream_sales(guests)": "sales of the guest's stream",
    "stream_sales(largest)": "sales of the day's largest stream",
    "brand_sales": "sales of brands",
    "brand_share": "brands' share of sales",
    "return_rate": "returned share of GMV",
    "horizon_return_rate": "returned share of GMV, whole horizon",
    "commission_rate": "commission, share of GMV",
    "own_elasticity": "elasticity of one good",
    "market_elasticity": "elasticity of the market",
    "coupon_orders_uplift": "orders more by a coupon",
    "coupon_later_orders": "orders after a coupon has gone",
    "voucher_spending": "spending by a voucher",
    "coupon_uplift_list": "GMV at list price by a coupon",
    "coupon_uplift_paid": "GMV as paid by a coupon",
    "coupon_uplift_paid_after": "GMV as paid by a coupon, later days too",
}
_COUNTED: Final = re.compile(r"(top_share|fans_share)\((.+)\)")
_GROUPS: Final = {
    "top_share": "share of the {} largest anchors",
    "fans_share": "accounts with {} million fans",
}
_ABBREVIATIONS: Final = {
    "ks": "Kuaishou's",
    "dy": "Douyin's",
    "jd": "JD's",
    "tb": "Taobao's",
    "gmv": "GMV",
    "aov": "order value",
    "mau": "monthly users",
    "dau": "daily user",
    "cps": "commission",
    "conv": "conversion:",
}


def figure_label(key: str) -> str:
    """Return what a key of a table of figures is called; an unknown one in its own words."""
    if key in _WORDS:
        return _WORDS[key]
    if counted := _COUNTED.fullmatch(key):
        name, of = counted.groups()
        if (name, of) == ("top_share", "1"):
            return "share of the largest anchor"
        size = f"{of[:-1]} or more" if of.endswith("-") else of.replace("-", " to ")
        return _GROUPS[name].format(of if name == "top_share" else size)
    return " ".join(_ABBREVIATIONS.get(word, word) for word in key.split("_"))


def figure_in_words(name: str) -> str:
    """Return `key, period` with the key in words."""
    key, comma, period = name.partition(", ")
    return f"{figure_label(key)}{comma}{period}"
