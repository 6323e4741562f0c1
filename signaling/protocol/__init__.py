"""The language camera, viewer and server speak: message types, session rules, codes. No await, no I/O."""
