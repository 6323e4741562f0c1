"""Everything that touches media packets."""
