"""What anchors learn of a day: signals for the feed (M20), audiences, commissions, margins."""

from engine.jit import stage, step
from engine.market.totals import add_up
from engine.rules.traffic import signal_step

SIGNAL_DAYS = 14.0
"""Over which audiences, commissions, margins and sellers' sales are smoothed."""
_SLOW_SIGNAL_DAYS = 60.0


@step
def learn_anchors(history, totals, day_totals, airtime, signal_days, stands_for, regular):
    """Learn from a day's totals; the anchors of a row share what it had, guests have no signal.

    `signal_days` float64; `stands_for` float64 by row, of which `regular` are no guests. Changes
    `history`, float64 by row.
    """
    many = stands_for[:regular]
    if add_up(history.aired) == 0.0:
        _scale_signals(history, day_totals.anchor_gmv, airtime, many)
    _learn_signals(history, day_totals.anchor_gmv, airtime, signal_days, many)
    _learn_visits(history, totals, day_totals.anchor_margin, stands_for)


@stage
def _scale_signals(history, gmv, airtime, many):
    """Before anybody streams the fans are the guess; now it gets its unit, fen a day on air."""
    sold, guessed = 0.0, 0.0
    for m in range(many.size):
        if airtime.aired[m] > 0.0:
            sold += gmv[m] / airtime.exposure[m]
            guessed += history.signal[m] * many[m]
    if sold > 0.0:
        for m in range(many.size):
            history.signal[m] *= sold / guessed
            history.slow_signal[m] = history.signal[m]


@stage
def _learn_signals(history, gmv, airtime, days, many):
    """Smoothed sales of the regular anchors in a day on the air (M20); off the air they rest."""
    signal, slow = history.signal, history.slow_signal
    for m in range(many.size):
        aired = airtime.aired[m]
        if aired > 0.0:
            seen = gmv[m] / airtime.exposure[m] / many[m]
            signal[m] += (seen - signal[m]) * signal_step(aired, history.aired[m], days)
            slow[m] += (seen - slow[m]) * signal_step(aired, history.aired[m], _SLOW_SIGNAL_DAYS)
            history.aired[m] += aired


@stage
def _learn_visits(history, totals, anchor_margin, stands_for):
    """Smoothed audiences and commissions; margins of those who were visited."""
    audience, commission, offered = history.audience, history.commission, history.offered
    for m in range(audience.size):
        many = stands_for[m]
        audience[m] += (totals.visits[m] / many - audience[m]) / SIGNAL_DAYS
        commission[m] += (totals.commission[m] / many - commission[m]) / SIGNAL_DAYS
        offered[m] += (totals.offered[m] / many - offered[m]) / SIGNAL_DAYS
        if totals.visits[m] > 0:
            per_visit = anchor_margin[m] / totals.visits[m]
            history.margin[m] += (per_visit - history.margin[m]) / SIGNAL_DAYS
