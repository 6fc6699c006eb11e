"""What a person reads: one HTML page that opens offline, and tables on the terminal.

Everything shown comes from the Parquet tables of a results folder. Rooms, each of which imports
only from those below it:

    html  terminal  markdown     what is shown, and where
    charts                       pictures in Vega-Lite, each with its finding in a sentence; of
                                 sweeps, levers and trials all that is said of them
    findings                     sentences and tables of text
    read                         results folders as plain values
    terms                        glossaries of other languages
    formatting  definitions      how measures are called and written
    figure_names  policy_words   how figures are called, and what words of policies mean
"""

from engine.report.findings.limits import sample_note
from engine.report.html.page import build_report
from engine.report.read.folder import read_study

__all__ = ["build_report", "read_study", "sample_note"]
