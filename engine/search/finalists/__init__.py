"""The second stage: finalists on fresh seeds, and the certainty of the recommendation."""
