"""What is measured: every measure is declared once, and everything else reads it from here.

    measure    what a measure is, and what its formulas see
    flows      amounts of a day, which add up to those of the run
    days       other columns of a day, with what months and runs have of the same name
    runs       what only a whole run has
    months     what only a calendar month has
    run_off    what days after the horizon add to those of a run
    catalogue  all of them, and the names and types of the tables' columns

A measure that can be computed from what is recorded is one more entry of `FLOW_MEASURES`,
`DAY_MEASURES`, `RUN_MEASURES` or `MONTH_MEASURES`, where its column is to stand. The tables,
the report, the model's description and the search take it from the catalogue.
"""
