"""The second stage: finalists on fresh luck, and the certainty of the recommendation."""
