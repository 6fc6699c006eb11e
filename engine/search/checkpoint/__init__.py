"""What survives a kill of the search: samples, settled trials, and runs of finalists."""
