"""The measured tables of `engine/MODEL_CARD.md`."""
