"""Low-rank adapters for encoders and captioners of Hugging Face; needs the extra `lora`."""
