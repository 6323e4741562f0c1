"""The agent that runs on the camera."""
