"""`make demo`: plays the home, the app and the camera against a real server."""
