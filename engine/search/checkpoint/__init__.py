"""What an interrupted search resumes from: samples, settled trials, and runs of finalists."""
