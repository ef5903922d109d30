"""Plans that are saved, reviewed and applied later."""
