"""Live state: who is online, what was used once, how often, and what just happened. Nothing here must outlive us."""
