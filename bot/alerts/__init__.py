"""From a fact to what a channel sees: intake, fold, card, delivery."""
