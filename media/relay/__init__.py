"""The relay: one upload from a camera, any number of viewers, packets forwarded and never decoded."""
