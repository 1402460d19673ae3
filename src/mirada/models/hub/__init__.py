"""Models of Hugging Face, by the extra `hub`: importing these modules loads torch."""
